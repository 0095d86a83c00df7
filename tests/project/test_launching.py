"""What people launch geonb with: scripts, workflows, the pages around the notebooks."""

import csv
import importlib.util
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from unittest.mock import Mock

import jsonschema
import pytest

from support import ROOT

PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "workshop").glob("*.md")]
LIFECYCLE = ROOT / "sagemaker" / "on-start.sh"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_links_lead_somewhere_and_pictures_have_words(page):
    text = page.read_text()
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert targets or page.stem == "responsible-use"
    for target in targets:
        if "://" not in target:
            assert (page.parent / target.partition("#")[0]).exists(), target
    assert not re.findall(r"!\[\s*\]", text)


def first_screen(page):
    """What stands above the first heading after the title."""
    return (ROOT / page).read_text(encoding="utf-8").split("\n## ")[0]


def test_the_first_screen_says_both_commands_after_the_clone():
    (block,) = re.findall(r"```sh\n(.*?)```", first_screen("README.md"), re.DOTALL)
    clone, demo, test = block.splitlines()
    assert clone.startswith("git clone https://github.com/geonb/geonb")
    assert (demo.split("  ")[0], test.split("  ")[0]) == ("make demo", "make test")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "site" / "index.md"], ids=lambda page: page.stem)
def test_nobody_is_sent_to_a_name_that_is_not_ours_yet(page):
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^ *```\w+\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
        assert "uvx" not in block
        assert not re.search(r"pip install (?!.*@ git)\W*geonb", block), block
    before, _, after = text.partition("nce it is released")
    assert not re.search(r"uvx geonb|pip install geonb(?!\[)", before if after else text)


def lessons():
    """The notebooks, each with the source of its text cells."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield path.name, ["".join(it["source"]) for it in cells if it["cell_type"] == "markdown"]


def test_the_table_of_notebooks_says_what_the_notebooks_say():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(
        r"^\| \[.*?\]\(notebooks/(\S+)\) \| .* \| (\d+) \| (\d+) \|$", text, re.MULTILINE
    )
    told = [
        (
            name,
            str(sum(cell.startswith("## Exercise") for cell in cells)),
            re.search(r"\| (\d+) minutes", cells[0])[1],
        )
        for name, cells in lessons()
    ]
    assert listed == told


def test_the_exercises_of_the_workshop_are_in_the_notebooks():
    text = (ROOT / "workshop" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \w[\w ]+ \| (\d\d) \| (.+) \| \d+ \|$", text, re.MULTILINE)
    assert rows
    titles = {
        name[:2]: [c.partition("\n")[0].lower() for c in cells if c.startswith("## Exercise: ")]
        for name, cells in lessons()
    }
    for number, exercises in rows:
        for words in re.split(r"[;?]", exercises):
            wanted = words.strip().lower()
            assert not wanted or any(wanted in title for title in titles[number]), wanted


def published(system, test_set):
    """A row of the published tables."""
    with (ROOT / "geonb_lab" / "data" / "published.csv").open(encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return next(r for r in rows if (r["system"], r["test_set"]) == (system, test_set))


def test_the_accuracies_are_those_that_were_measured_and_say_of_how_many():
    facts = json.loads((ROOT / "geonb" / "data" / "mini" / "facts.json").read_text())
    mini = next(row for row in facts["accuracy"] if row["system"] == "mini, first guess")
    rows = [published("LocationNet", "Placing 2016"), published("GeoCLIP", "IM2GPS3k")]
    photos = [mini["photos"], *(int(row["photos"]) for row in rows)]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for km in ("25", "200"):
        cells = re.search(rf"^\| within {km} km \|(.*)\|$", text, re.MULTILINE)[1].split("|")
        measured = [mini[f"within_{km}_km"], *(float(row[km]) for row in rows)]
        for cell, share, count in zip(cells, measured, photos, strict=True):
            assert float(re.search(r"([\d.]+)%", cell)[1]) == pytest.approx(share, abs=0.0501)
            assert km == "200" or f"% of {count:,} " in cell


def test_the_picture_of_the_result_is_small():
    assert "(docs/where.png)" in (ROOT / "README.md").read_text()
    assert (ROOT / "docs" / "where.png").stat().st_size < 150_000


@pytest.mark.linux311
@pytest.mark.parametrize(
    ("target", "locks"),
    [
        ("demo", ["core"]),
        ("lab", ["core", "newest", "geoclip"]),
        ("test-newest", ["core", "newest", "geoclip"]),
    ],
)
def test_on_a_clean_clone_a_target_installs_what_it_needs_and_no_more(target, locks, tmp_path):
    for name in ("Makefile", "pyproject.toml", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    command = ["make", "--dry-run", "-C", tmp_path, target]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert re.findall(r"--require-hashes .*-r requirements/(\w+)\.txt", said) == locks
    assert all("--quiet" in line for line in said.splitlines() if "pip " in line)


def test_what_a_fresh_machine_lacks_is_asked_for_before_it_is_called():
    """One marker for each program: it skips a test with its reason, and CI allows no skips."""
    called = re.compile(r'\[\s*"(exiftool|node|npm|shellcheck|strace)", "-')
    above = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        parts = re.split(r"\n(?=@|def )", path.read_text(encoding="utf-8"))
        for before, test in itertools.pairwise(parts):
            if called.search(test):
                above[path.name, test.partition("(")[0]] = before.rstrip().splitlines()[-1]
    assert len(above) >= 3
    assert set(above.values()) == {"@needs_exiftool"}, above


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """The server that ``make lab`` starts, with this environment; gives its address and token."""
    for name in ("Makefile", "pyproject.toml", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "env").symlink_to(sys.prefix)
    (tmp_path / "config").mkdir()
    settings = tmp_path / "config" / "jupyter_server_config.json"
    shutil.copy(ROOT / "workshop" / "terminals.json", settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name in ("HOME", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    flags = f"--no-browser --allow-root --ip=127.0.0.1 --port={port} --IdentityProvider.token=abc"
    command = ["make", "--dry-run", "-C", tmp_path, "lab", "VENV=env", f"LAB_FLAGS={flags}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (line,) = [line for line in said.splitlines() if "jupyter lab" in line]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            ["sh", "-c", f"exec env {line}"], cwd=tmp_path, stdout=log, stderr=log
        )
    yield f"127.0.0.1:{port}", server, tmp_path / "env" / "bin"
    server.terminate()
    server.wait()


@pytest.mark.newest
@pytest.mark.slow
@pytest.mark.linux311
def test_in_the_terminals_of_the_lab_geonb_is_there(lab):
    import psutil

    host, server, folder = lab
    new = urllib.request.Request(
        f"http://{host}/api/terminals", method="POST", headers={"Authorization": "token abc"}
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(new).close()
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    lab = psutil.Process(server.pid)
    (shell,) = (child for child in lab.children() if child.terminal() not in {None, lab.terminal()})
    assert shell.environ()["PATH"].startswith(f"{folder}:")
    assert "-l" not in shell.cmdline(), "a login shell would begin with the system's PATH"


@pytest.fixture
def mxnet_here():
    """What ``make test`` asks before it runs the tests beside MXNet."""
    spec = importlib.util.spec_from_file_location("here", ROOT / "tools" / "mxnet_here.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.mark.mxnet
def test_where_mxnet_runs_its_tests_are_not_left_out(mxnet_here, capsys):
    mxnet_here()
    assert capsys.readouterr().out == ""


@pytest.mark.linux311
def test_where_mxnet_cannot_run_one_line_says_why(mxnet_here, capsys, monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", Mock(side_effect=OSError))
    mxnet_here()
    assert re.fullmatch(r"it needs libgomp.so.1, .*\n", capsys.readouterr().out)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    mxnet_here()
    assert re.fullmatch(
        r"its packages are for .*, this is Python 3.11.*\n", capsys.readouterr().out
    )


@pytest.mark.linux311
def test_the_lifecycle_script_fits_sagemaker():
    assert LIFECYCLE.stat().st_size < 16_384
    assert subprocess.run(["bash", "-n", LIFECYCLE], check=False).returncode == 0
    text = LIFECYCLE.read_text()
    assert re.search(r"^nohup .* &$", text, re.MULTILINE), "SageMaker waits 5 minutes at most"
    assert "VOLUME=/home/ec2-user/SageMaker\n" in text


# Stand for conda, which makes a Python that notes what it's asked, and for AWS's user.
CONDA = """#!/bin/sh
echo "conda $*" >> "$CALLS"
mkdir -p "$5/bin"
printf '#!/bin/sh\\necho "python $*" >> "$CALLS"\\n' > "$5/bin/python"
chmod +x "$5/bin/python"
"""
SUDO = """#!/bin/sh
shift 3
exec "$@"
"""


@pytest.fixture
def instance(tmp_path, monkeypatch):
    """A notebook instance: `start` runs the lifecycle script on it, and gives what was called."""
    volume = tmp_path / "SageMaker"
    (volume / "geonb").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    for name, text in {"conda": CONDA, "sudo": SUDO, "nohup": '#!/bin/sh\nexec "$@"\n'}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    text = LIFECYCLE.read_text().replace("2>&1 &\n", "2>&1\n")
    text = text.replace("/home/ec2-user", str(tmp_path))
    (tmp_path / "on-start.sh").write_text(text)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))

    def start():
        calls = tmp_path / "calls"
        calls.write_text("")
        monkeypatch.setenv("CALLS", str(calls))
        subprocess.run(["bash", tmp_path / "on-start.sh"], check=True)
        return calls.read_text()

    return start


@pytest.mark.linux311
def test_the_environment_is_made_once_and_the_kernel_at_each_start(instance, tmp_path):
    first, second = instance(), instance()
    assert f"--prefix {tmp_path}/SageMaker/.geonb/env" in first
    assert "--require-hashes --no-deps -r requirements/mxnet.txt" in first
    assert (tmp_path / "SageMaker" / ".geonb" / "ready").exists()
    kernel = "python -m ipykernel install --user --name geonb --display-name geonb"
    assert second.count("\n") == 1
    assert second.startswith(f"{kernel} --env GEONB_MAP static --env GEONB_CACHE {tmp_path}")
    assert first.endswith(second)
    assert (tmp_path / "SageMaker" / "geonb-setup.log").is_file()


@pytest.mark.linux311
def test_what_root_writes_for_another_to_run_has_a_name_that_nobody_knows(instance, tmp_path):
    instance()
    instance()
    folders = list((tmp_path / "tmp").iterdir())
    assert len(folders) == 2
    assert all(folder.stat().st_mode & 0o022 == 0 for folder in folders)
    assert "/tmp" not in LIFECYCLE.read_text()


# Stands for geonb and for Python: notes what it's asked; geonb's answer is that of the host.
ASKED = """#!/bin/sh
echo "$(basename "$0") $1 $2 $3 $4" >> "$CALLS"
[ "$(basename "$0")" = python ] || exit "$ANSWER"
"""


@pytest.mark.linux311
@pytest.mark.parametrize("answer", ["0", "2"])
def test_binder_goes_on_with_mini_if_geoclip_does_not_come(answer, tmp_path):
    for name in ("geonb", "python"):
        (tmp_path / name).write_text(ASKED)
        (tmp_path / name).chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls")}
    command = ["sh", ROOT / "binder" / "geoclip.sh"]
    done = subprocess.run(
        command, env=env | {"ANSWER": answer}, check=True, capture_output=True, text=True
    )
    first, *others = (tmp_path / "calls").read_text().splitlines()
    assert first == "geonb fetch geoclip --precision int8"
    assert len(others) == (answer == "0"), "what came is prepared"
    assert ("mini alone, which knows drawn streets only" in done.stderr) is (answer == "2")
    for caller in ("binder/postBuild", ".devcontainer/devcontainer.json"):
        assert "sh binder/geoclip.sh" in (ROOT / caller).read_text()


# The part of containers.dev's devContainer.base.schema.json that is used here; it allows no other
# names either, and a misspelt one would be passed over in silence.
TEXT, PORT = {"type": "string"}, {"type": "integer", "minimum": 0, "maximum": 65535}
FORWARD = ["notify", "openBrowser", "openBrowserOnce", "openPreview", "silent", "ignore"]
PORT_SETTINGS = {"label": TEXT, "onAutoForward": {"enum": FORWARD}}
DEVCONTAINER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["image"],
    "properties": {
        "name": TEXT,
        "image": TEXT,
        "features": {"type": "object", "additionalProperties": {"type": "object"}},
        "onCreateCommand": TEXT,
        "postAttachCommand": TEXT,
        "forwardPorts": {"type": "array", "items": PORT},
        "portsAttributes": {
            "type": "object",
            "additionalProperties": {"properties": PORT_SETTINGS, "additionalProperties": False},
        },
        "customizations": {"type": "object"},
    },
}


def test_the_devcontainer_follows_its_schema():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    jsonschema.validate(container, DEVCONTAINER)


def test_the_devcontainer_runs_targets_that_are_there():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    wanted = re.findall(r"make ([a-z-]+)", container["onCreateCommand"])
    assert wanted
    assert set(wanted) <= set(targets)
    (first,) = container["customizations"]["codespaces"]["openFiles"]
    assert (ROOT / first).is_file()


def test_actions_are_pinned():
    used = [
        line
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert used
    for line in used:
        assert re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d", line), line


def commands_of_ci():
    """The lines of what CI and the scripts for other places run."""
    scripts = [*(ROOT / ".github" / "workflows").glob("*.yml"), LIFECYCLE, ROOT / ".ci" / "run"]
    scripts += [ROOT / "Makefile", ROOT / "workshop" / "stick" / "install.sh"]
    for path in scripts:
        lines = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        yield from (line for line in lines if not line.strip().startswith("#"))


def test_what_ci_and_the_scripts_install_is_pinned():
    pip = re.compile(r"\b(pip|PIP)\b.* install ")
    installs = [line for line in commands_of_ci() if pip.search(line)]
    assert len(installs) > 8
    for line in installs:
        ours = re.search(r"--no-deps --no-build-isolation -e \.|dist/geonb-\*\.whl", line)
        assert ours or "--require-hashes" in line, line
    for line in commands_of_ci():
        if "npx " in line:
            assert re.search(r"npx --yes @?[\w/-]+@\d+\.\d+\.\d+ ", line), line


@pytest.mark.newest
def test_the_cheat_sheet_prints_on_one_page(chromium):
    page = chromium.new_page()
    page.goto((ROOT / "docs" / "cheat-sheet.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert re.findall(rb"/Count (\d+)", printed) == [b"1"]


@pytest.fixture(params=["the kernel", "watching"])
def rehearse(request, monkeypatch):
    """The rehearsal with a limit of 300 MB: as here, and as where no control group may be made."""
    spec = importlib.util.spec_from_file_location("rehearse", ROOT / "binder" / "rehearse.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LIMIT", 300_000_000)
    if request.param == "watching":
        monkeypatch.setattr(module, "GROUPS", {})
    return module


@pytest.mark.newest
@pytest.mark.linux311
@pytest.mark.parametrize("megabytes", [200, 400])
def test_the_rehearsal_gives_no_more_than_its_limit(megabytes, rehearse, capsys):
    script = f"held = b'1' * {megabytes}_000_000; import time; time.sleep(0.5)"
    assert rehearse.rehearse("one", [sys.executable, "-c", script]) is (megabytes < 300)
    assert re.search(r"^one +\d+ MB +[\d.]+ s", capsys.readouterr().out)


@pytest.mark.newest
@pytest.mark.linux311
def test_what_the_kernel_killed_is_called_so(rehearse, capsys):
    rehearse.rehearse("hog", [sys.executable, "-c", "held = b'1' * 2_000_000_000"])
    told = capsys.readouterr().out
    assert "over the limit: killed" in told or "MemoryError" in told


@pytest.mark.newest
@pytest.mark.linux311
def test_the_rehearsal_adds_up_what_several_processes_hold(rehearse):
    hold = "held = b'1' * 200_000_000; import time; time.sleep(30)"
    script = (
        f"import subprocess, sys; a = subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}"
    )
    assert not rehearse.rehearse("two", [sys.executable, "-c", script])
