"""The stick for a workshop without a network: what is put on it, and what its script does."""

import base64
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest

from geonb.weights.registry import GEOCLIP, LOCATIONNET, WeightsFile
from support import ROOT

FILL = ROOT / "workshop" / "stick" / "fill.py"


@pytest.fixture
def fill(tmp_path, monkeypatch):
    """The script that fills a stick, with a small project of one commit and one private file."""
    spec = importlib.util.spec_from_file_location("fill", FILL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    project = tmp_path / "project"
    (project / "notebooks").mkdir(parents=True)
    (project / "notebooks" / "00.ipynb").write_text("as committed")
    git = ["git", "-C", project, "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    (project / "notebooks" / "private.jpg").touch()
    monkeypatch.setattr(module, "ROOT", project)
    return module


@pytest.fixture
def stick(tmp_path):
    """An empty stick; its name has a space, as those of sticks often have."""
    folder = tmp_path / "MY STICK"
    folder.mkdir()
    return folder


@pytest.fixture
def cached(fill, cache, monkeypatch):
    """A file that stands for LocationNet in the cache, and for GeoCLIP in int8; its content."""
    content = b"many numbers"
    file = WeightsFile("some.params", ("https://…",), hashlib.md5(content).hexdigest())
    geoclip = replace(GEOCLIP, forms=((replace(file, name="large.onnx"),),), int8=(file,))
    record = {"locationnet": replace(LOCATIONNET, forms=((file,),)), "geoclip": geoclip}
    monkeypatch.setattr(fill, "REGISTRY", record)
    for name in record:
        (cache / name).mkdir(parents=True)
        (cache / name / "some.params").write_bytes(content)
    return content


# Stands for geonb: notes the command line that it was called with.
STUB = b"""
import os, pathlib, sys
def main():
    with pathlib.Path(os.environ["HOME"], "called").open("a") as file:
        print(*sys.argv[1:], file=file)
"""


def stub_wheel(folder):
    """A wheel named geonb with the extras that install.sh asks for, and no dependencies."""
    about = b"Metadata-Version: 2.1\nName: geonb\nVersion: 9\n"
    about += b"".join(b"Provides-Extra: %s\n" % extra for extra in (b"coreml", b"lab", b"mxnet"))
    files = {
        "geonb.py": STUB,
        "geonb-9.dist-info/METADATA": about,
        "geonb-9.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any",
        "geonb-9.dist-info/entry_points.txt": b"[console_scripts]\ngeonb = geonb:main\n",
    }
    record = ""
    folder.mkdir()
    with zipfile.ZipFile(folder / "geonb-9-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            record += f"{name},sha256={digest},{len(content)}\n"
        wheel.writestr("geonb-9.dist-info/RECORD", f"{record}geonb-9.dist-info/RECORD,,\n")


def install(stick, home, *, folder=None, **environment):
    """Type ``sh install.sh [FOLDER]`` in a shell that knows nothing but PATH and HOME."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHON": sys.executable, **environment}
    command = ["sh", stick / "install.sh", *([folder] if folder else [])]
    return subprocess.run(command, env=env, check=False, capture_output=True, text=True)


def test_the_papers_are_on_it_and_nothing_else(fill, stick):
    fill.papers(stick)
    assert (stick / "geonb" / "notebooks" / "00.ipynb").read_text() == "as committed"
    assert not (stick / "geonb" / "notebooks" / "private.jpg").exists()
    words = (stick / "README.txt").read_text()
    assert "sh install.sh" in words
    assert "CC BY-SA 3.0" in words


@pytest.mark.newest
@pytest.mark.linux311
@pytest.mark.slow
def test_it_installs_and_opens_without_a_network(fill, stick, tmp_path):
    fill.papers(stick)
    stub_wheel(stick / "wheels")
    fill.listing(stick)
    (stick / "prefix" / "etc").mkdir(parents=True)
    (stick / "prefix" / "etc" / "setting").touch()
    for name in ("locationnet", "geoclip-int8"):
        (stick / "models" / name).mkdir(parents=True)

    done = install(stick, tmp_path, PIP_INDEX_URL="http://127.0.0.1:9/")

    target = tmp_path / "geonb-workshop"
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"Type: sh {target}/lab\n")
    assert (target / "env" / "etc" / "setting").is_file()
    assert (tmp_path / "called").read_text().splitlines() == [
        f"fetch geoclip --precision int8 --from {stick}/models/geoclip-int8/",
        f"fetch locationnet --from {stick}/models/locationnet/",
    ]

    mine = target / "geonb" / "notebooks" / "00.ipynb"
    mine.write_text("what the participant wrote")
    assert "your notebooks are kept" in install(stick, tmp_path).stdout
    assert mine.read_text() == "what the participant wrote"


@pytest.fixture
def filled(fill, stick):
    """A stick whose one wheel stands for geonb."""
    fill.papers(stick)
    stub_wheel(stick / "wheels")
    fill.listing(stick)
    fill.settings(stick)
    return stick


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.newest
@pytest.mark.linux311
@pytest.mark.slow
@pytest.mark.parametrize("mine", ["env/notes.txt", "lab", "geonb/diary.txt", "letter.txt"])
def test_a_folder_of_the_users_own_is_refused_as_it_was(filled, tmp_path, mine):
    (tmp_path / "own" / mine).parent.mkdir(parents=True)
    (tmp_path / "own" / mine).write_text("mine")
    before = everything(tmp_path / "own")
    done = install(filled, tmp_path, folder=tmp_path / "own")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "not a workshop that this script made" in done.stderr
    assert everything(tmp_path / "own") == before


@pytest.mark.newest
@pytest.mark.linux311
@pytest.mark.slow
def test_a_link_in_the_workshops_place_is_not_followed(filled, tmp_path):
    target = tmp_path / "geonb-workshop"
    assert install(filled, tmp_path).returncode == 0
    (target / "env").rename(tmp_path / "moved")
    (target / "env").symlink_to(tmp_path / "moved")
    before = everything(tmp_path / "moved")
    assert install(filled, tmp_path).returncode == 2
    assert everything(tmp_path / "moved") == before


@pytest.mark.newest
@pytest.mark.linux311
@pytest.mark.slow
def test_an_empty_folder_will_do(filled, tmp_path):
    (tmp_path / "new").mkdir()
    assert install(filled, tmp_path, folder=tmp_path / "new").returncode == 0
    env = tmp_path / "new" / "env"
    assert (env / "bin" / "geonb").is_file()
    settings = (
        env / "etc" / "jupyter" / "labconfig" / "default_setting_overrides.json"
    ).read_text()
    asked = json.loads(settings)["@jupyterlab/apputils-extension:notification"]
    assert asked == {"fetchNews": "false", "checkForUpdates": False}


@pytest.mark.newest
@pytest.mark.linux311
@pytest.mark.slow
def test_a_wheel_that_was_changed_on_the_way_is_not_installed(filled, tmp_path):
    (wheel,) = (filled / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel, "a") as opened:
        opened.writestr("more.py", b"")
    done = install(filled, tmp_path)
    assert done.returncode != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr
    assert not (tmp_path / "geonb-workshop" / "env" / "bin" / "geonb").exists()


def test_another_python_is_refused_in_one_line(fill, stick, tmp_path):
    fill.papers(stick)
    done = install(stick, tmp_path, PYTHON="false")
    assert done.returncode == 2
    assert done.stderr.startswith("install.sh: false is not Python 3.11")
    assert not (tmp_path / "geonb-workshop").exists()


def test_without_the_model_the_way_to_it_is_told(fill, stick, cache, capsys):
    fill.models(stick)
    told = capsys.readouterr().out
    assert "geonb fetch locationnet" in told
    assert "geonb fetch geoclip --precision int8" in told
    assert not (stick / "models").exists()


def test_every_model_in_the_cache_is_copied_and_compared(fill, stick, cached):
    fill.models(stick)
    copies = sorted((stick / "models").rglob("*.params"))
    assert [copy.parent.name for copy in copies] == ["geoclip-int8", "locationnet"]
    assert {copy.read_bytes() for copy in copies} == {cached}


def test_a_copy_that_was_cut_off_is_noticed(fill, stick, cached, monkeypatch):
    monkeypatch.setattr(fill.shutil, "copyfile", lambda _, to: to.write_bytes(cached[:-1]))
    with pytest.raises(SystemExit, match="not copied whole"):
        fill.models(stick)
