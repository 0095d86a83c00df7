"""What holds for the package as a whole: its surface, its imports, its files."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import geonb

ROOT = Path(__file__).parents[1]


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_import_is_quiet_and_light():
    heavy = "mxnet onnxruntime onnx PIL numpy matplotlib requests pandas ipyleaflet anywidget"
    code = f"import sys, geonb; print([n for n in '{heavy}'.split() if n in sys.modules])"
    answer = run(code)
    assert answer.stdout == "[]\n"
    assert answer.stderr == ""


def test_import_leaves_the_warning_filters_alone():
    code = "import warnings as w; old = list(w.filters); import geonb; print(old == w.filters)"
    assert run(code).stdout == "True\n"


@pytest.mark.parametrize("name", geonb.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(geonb, name).__doc__


def test_rooms_do_not_hide_public_names():
    code = (
        "import pkgutil, importlib, geonb\n"
        "for m in pkgutil.iter_modules(geonb.__path__, 'geonb.'):\n"
        "    if m.name != 'geonb.__main__': importlib.import_module(m.name)\n"
        "print([n for n in geonb.__all__ if not callable(getattr(geonb, n))])"
    )
    assert run(code).stdout == "[]\n"


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="geonb attribute nothing"):
        geonb.nothing  # noqa: B018


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == geonb.__version__


def test_rooms_stay_small():
    sizes = {p.name: len(p.read_text().splitlines()) for p in (ROOT / "geonb").rglob("*.py")}
    assert {name: size for name, size in sizes.items() if size > 230} == {}


def test_conda_and_binder_environments_are_equal():
    root = (ROOT / "environment.yml").read_text().splitlines()
    binder = (ROOT / "binder" / "environment.yml").read_text().splitlines()
    binder = [line.replace("-r ../", "-r ") for line in binder]
    assert [x for x in root if x[:1] != "#"] == [x for x in binder if x[:1] != "#"]
    lock = (ROOT / "requirements" / "mxnet.txt").read_text()
    assert "--hash=sha256:" in lock
    assert "://" not in lock


@pytest.mark.parametrize("name", ["PhotoPicker", "FileUpload"])
def test_a_plain_install_says_how_to_get_the_picker(name):
    """traitlets comes with anywidget, so a plain install has neither."""
    code = (
        "import sys, geonb\n"
        "sys.modules.update(dict.fromkeys(['anywidget', 'ipywidgets', 'traitlets']))\n"
        f"try: geonb.{name}\n"
        "except geonb.GeonbError as error: print(error)"
    )
    assert 'pip install "geonb[picker]"' in run(code).stdout


LAYERS = (
    "errors files",
    "distances",
    "earth photos",
    "shown",
    "preprocessing answers",
    "network",
    "weights",
    "model",
    "predictions",
    "evaluation maps picker",
    "commands __main__",
)
HOMES = {
    "requests": {"weights"},
    "urllib3": {"photos"},
    "mxnet": {"network"},
    "onnxruntime": {"network"},
    "ipyleaflet": {"maps"},
    "gmaps": {"maps"},
}


def imports(path):
    """The modules that a file imports when it is loaded, and those that it imports in all."""
    tree = ast.parse(path.read_text())
    at_once, ever = [], []
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        ever += names
        at_once += names if node in tree.body else []
    return at_once, ever


def rooms():
    for path in (ROOT / "geonb").rglob("*.py"):
        room = path.relative_to(ROOT / "geonb").parts[0].removesuffix(".py")
        if room != "__init__":
            yield room, *imports(path)


def test_a_room_is_built_on_those_below_it():
    floor = {room: i for i, layer in enumerate(LAYERS) for room in layer.split()}
    upward = [
        (room, name)
        for room, at_once, _ in rooms()
        for name in at_once
        if name.startswith("geonb.")
        and name != "geonb.__version__"
        and floor[name.split(".")[1]] > floor[room]
    ]
    assert upward == []


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_is_used_in_its_rooms_only(library):
    used = {room for room, _, ever in rooms() for name in ever if name.split(".")[0] == library}
    assert used == HOMES[library]
