"""What holds for the package as a whole: its surface, its imports, its files."""

import ast
import dataclasses
import functools
import inspect
import re
import subprocess
import sys
import tomllib
from dataclasses import is_dataclass
from graphlib import CycleError, TopologicalSorter
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


CLASSES = [name for name in geonb.__all__ if inspect.isclass(getattr(geonb, name))]


def attributes(kind):
    """Names and annotations of what instances of a class have."""
    fields = {f.name: f.type for f in dataclasses.fields(kind)} if is_dataclass(kind) else {}
    computed = {
        name: (getattr(value, "fget", None) or value.func).__annotations__["return"]
        for name, value in vars(kind).items()
        if isinstance(value, (property, functools.cached_property))
    }
    return {name: t for name, t in (fields | computed).items() if name[0] != "_"}


@pytest.mark.parametrize("name", CLASSES)
def test_help_tells_every_attribute(name):
    kind = getattr(geonb, name)
    listed = inspect.getdoc(kind).partition("Attributes:\n")[2]
    found = re.findall(r"^    ([\w, ]+): \S", listed, re.MULTILINE)
    told = {name for names in found for name in names.split(", ")}
    told |= {
        name for name, value in vars(kind).items() if isinstance(value, property) and value.__doc__
    }
    assert set(attributes(kind)) <= told


def test_what_public_names_give_is_public():
    defined = {
        node.name
        for _, path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    given = {t for name in CLASSES for t in attributes(getattr(geonb, name)).values()}
    for name in geonb.__all__:
        public = getattr(geonb, name)
        methods = [f for k, f in vars(public).items() if k[0] != "_"] if name in CLASSES else []
        given |= {f.__annotations__["return"] for f in [public, *methods] if inspect.isfunction(f)}
    found = {word for text in given for word in re.findall(r"\w+", str(text))} & defined
    # How a model runs; and a Figure is matplotlib's.
    assert found - set(geonb.__all__) == {"Engine", "CheckpointFiles", "Figure"}


def test_modules_do_not_hide_public_names():
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
    assert f"\nversion: {geonb.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {geonb.__version__} " in (ROOT / "CHANGELOG.md").read_text()


def lines(*names):
    return sum(len((ROOT / name).read_text().splitlines()) for name in names)


def test_the_core_is_read_in_fifteen_minutes():
    core = ("model", "preprocessing", "predictions", "answers", "distances")
    assert lines(*(f"geonb/{name}.py" for name in core)) <= 750


def test_conda_and_binder_environments_are_equal():
    root = (ROOT / "environment.yml").read_text().splitlines()
    binder = (ROOT / "binder" / "environment.yml").read_text().splitlines()
    binder = [line.replace("-r ../", "-r ") for line in binder]
    assert [x for x in root if x[:1] != "#"] == [x for x in binder if x[:1] != "#"]


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


FLOORS = (
    "errors files",
    "distances",
    "web",
    "earth photos",
    "shown",
    "preprocessing answers regions",
    "network",
    "weights",
    "known",
    "model",
    "predictions",
    "many",
    "evaluation maps picker similarity",
    "commands ray __main__",
)
# Who imports from a floor above its own, what, and why that is right. All others import downward.
UPWARD = {
    ("geonb.predictions", "geonb.maps.page"): "to_html writes a page; imported when it's called",
    ("geonb.shown.formats", "geonb.predictions"): "for types only",
}
# Which imports close a circle of modules, and why that is right. There are no other circles.
CIRCLES = {
    **UPWARD,
    ("geonb.photos.sharing", "geonb.photos.photo"): "for types only",
}
HOMES = {
    "urllib3": {"web", "photos"},  # photos: for types only
    "mxnet": {"network"},
    "onnxruntime": {"network"},
    "ipyleaflet": {"maps"},
    "gmaps": {"maps"},
}


def modules(package="geonb"):
    for path in sorted((ROOT / package).rglob("*.py")):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path


def imports(path):
    """All that a file imports: when it's loaded, inside functions, and for its types."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_a_module_imports_from_its_own_floor_or_below():
    floor = {name: i for i, names in enumerate(FLOORS) for name in names.split()}
    upward = {
        (module, name.rpartition(".")[0])
        for module, path in modules()
        for name in imports(path)
        if name.startswith("geonb.") and name.count(".") > 1
        if floor[name.split(".")[1]] > floor[module.split(".")[1]]
    }
    assert upward == set(UPWARD)


def test_modules_import_each_other_in_no_circle():
    paths = {
        module.removesuffix(".__init__"): path
        for package in ("geonb", "geonb_training")
        for module, path in modules(package)
    }
    graph = {
        module: {name if name in paths else name.rpartition(".")[0] for name in imports(path)}
        for module, path in paths.items()
    }
    for module, other in CIRCLES:
        graph[module].remove(other)
    TopologicalSorter(graph).prepare()
    for module, other in CIRCLES:
        with pytest.raises(CycleError):
            TopologicalSorter(graph | {module: graph[module] | {other}}).prepare()


@pytest.mark.parametrize("package", ["geonb", "geonb_training"])
def test_text_is_written_and_read_in_the_same_encoding_on_every_system(package):
    """Without an encoding, Windows takes its code page, where 東京 and ± are lost or an error."""
    silent = [
        f"{module}:{node.lineno}"
        for module, path in modules(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (
            getattr(node.func, "attr", "") in {"read_text", "write_text"}
            or getattr(node.func, "id", "") == "open"
            or (getattr(node.func, "attr", "") == "open" and "t" in mode(node))
        )
        and "b" not in mode(node)
        and "encoding" not in {keyword.arg for keyword in node.keywords}
    ]
    assert silent == []


def mode(node):
    """The mode that a call of ``open`` names, if it does."""
    words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return next((word for word in words if set(word) <= set("rwabtx+")), "")


PREDICT = """
import sys
from pathlib import Path
import geonb
{load}
photo = Path(geonb.__file__).with_name("data") / "example.jpg"
print(geonb.predict(model, photo).best[0].place)
names = [name for name in sys.modules if name == "geonb" or name.startswith("geonb.")]
lines = sum(len(Path(sys.modules[name].__file__).read_text().splitlines()) for name in names)
print(len(names), lines)
"""


def test_a_prediction_imports_little():
    """What comes with a prediction, or is only used to get a model, is not read for it."""
    geonb.load_model("mini")  # converted, as it is after the first time
    answer = run(PREDICT.format(load='model = geonb.load_model("mini")'))
    modules, lines = answer.stdout.split()[-2:]
    assert int(modules) <= 22
    assert int(lines) <= 2600


def test_a_prediction_without_the_large_packages():
    blocked = "onnxruntime requests matplotlib pandas skimage geographiclib tqdm click"
    load = (
        f"sys.modules.update(dict.fromkeys('{blocked}'.split()))\n"
        'model = geonb.load_model("mini", engine="reference")'
    )
    place = run(PREDICT.format(load=load)).stdout.splitlines()[0]
    assert place == str(
        geonb.predict(geonb.load_model("mini"), geonb.example_photo()).best[0].place
    )


@pytest.mark.parametrize("library", HOMES)
def test_a_heavy_library_is_used_in_its_packages_only(library):
    used = {
        module.split(".")[1]
        for module, path in modules()
        for name in imports(path)
        if name.split(".")[0] == library
    }
    assert used == HOMES[library]


def test_geonb_imports_nothing_of_geonb_training():
    taken = [(module, name) for module, path in modules() for name in imports(path)]
    assert [pair for pair in taken if pair[1].split(".")[0] == "geonb_training"] == []
