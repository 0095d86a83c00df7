"""What is published: the wheel, what is in it, and what PyPI shows."""

import re
import subprocess
import sys
import tomllib
import zipfile

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from support import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("geonb", "geonb_lab", "geonb_training")
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("geonb-*-py3-none-any.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_holds_every_file_of_all_packages(package, wheel):
    ours = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours == {name for name in wheel.namelist() if name.startswith(f"{package}/")}


def test_the_wheel_holds_nothing_else(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {*PACKAGES, f"geonb-{PROJECT['version']}.dist-info"}


def test_the_page_on_pypi_has_whole_addresses_only(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    page = wheel.read(name).decode()
    targets = re.findall(r"\]\(([^)\s]+)\)", page)
    assert "https://raw.githubusercontent.com/geonb/geonb/main/docs/where.png" in targets
    assert [target for target in targets if not target.startswith(("https:", "#"))] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_pins_everything_and_names_no_index(lock):
    text = lock.read_text()
    pinned = re.findall(r"^[\w.-]+==\S+.* \\\n(?=    --hash=sha256:)", text, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^\w", text, re.MULTILINE)) > 0
    assert "://" not in text


def pinned(name):
    """What a lock pins: a set of versions for each package, since systems may differ."""
    versions = {}
    lock = (ROOT / "requirements" / f"{name}.txt").read_text()
    for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE):
        versions.setdefault(package, set()).add(version)
    return versions


@pytest.mark.parametrize("name", ["newest", "core", "mxnet", "ray", "parity", "train", "site"])
def test_every_environment_has_what_the_core_needs(name):
    wanted = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert wanted - set(pinned(name)) == set()


def test_the_tests_of_safety_run_on_the_oldest_releases_that_are_allowed():
    oldest = pinned("oldest")
    for line in PROJECT["dependencies"]:
        wanted = Requirement(line)
        (bound,) = (part for part in wanted.specifier if part.operator == ">=")
        (version,) = oldest[wanted.name]
        assert Version(version) == Version(bound.version), wanted.name


def test_completing_the_environment_of_the_demo_changes_nothing_in_it():
    whole = pinned("newest")
    for package, versions in pinned("core").items():
        assert versions <= whole[package], package


def test_the_locks_name_nothing_that_no_environment_is_made_from():
    named = set(re.findall(r"requirements/([\w-]+)\.txt", (ROOT / "Makefile").read_text()))
    assert named == {lock.stem for lock in LOCKS}


@pytest.mark.parametrize(
    ("system", "machine", "python", "wanted"),
    [
        ("linux", "x86_64", "3.14", True),
        ("win32", "AMD64", "3.11", True),
        ("darwin", "arm64", "3.14", True),
        ("darwin", "x86_64", "3.13", True),
        ("darwin", "x86_64", "3.14", False),
        ("emscripten", "wasm32", "3.13", False),
    ],
)
def test_onnxruntime_is_asked_for_where_it_has_a_wheel(system, machine, python, wanted):
    (engine,) = (line for line in PROJECT["dependencies"] if line.startswith("onnxruntime"))
    place = {"sys_platform": system, "platform_machine": machine, "python_version": python}
    assert Requirement(engine).marker.evaluate(place) is wanted


def test_each_dependency_says_why_it_is_there():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.partition("\ndependencies = [\n")[2].partition("\n]")[0].splitlines()
    bare = [
        line
        for above, line in zip(["", *block], block, strict=False)
        if not line.startswith("  #") and not above.startswith("  #")
    ]
    assert len(PROJECT["dependencies"]) > 0
    assert bare == []
