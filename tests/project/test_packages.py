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

import pytest

import geonb
import geonb_lab
from support import ROOT


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


NAMES = [
    *((geonb, name) for name in geonb.__all__),
    *((geonb_lab, name) for name in geonb_lab.__all__),
]


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_every_public_name_is_there_and_documented(package, name):
    assert getattr(package, name).__doc__


CLASSES = [
    getattr(package, name) for package, name in NAMES if inspect.isclass(getattr(package, name))
]


def attributes(kind):
    """Names and annotations of what instances of a class have."""
    fields = {f.name: f.type for f in dataclasses.fields(kind)} if is_dataclass(kind) else {}
    computed = {
        name: (getattr(value, "fget", None) or value.func).__annotations__["return"]
        for name, value in vars(kind).items()
        if isinstance(value, (property, functools.cached_property))
    }
    return {name: t for name, t in (fields | computed).items() if name[0] != "_"}


@pytest.mark.parametrize("kind", CLASSES)
def test_help_tells_every_attribute(kind):
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
        for package in PACKAGES[:2]
        for _, path in modules(package)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    given = {t for kind in CLASSES for t in attributes(kind).values()}
    for package, name in NAMES:
        public = getattr(package, name)
        methods = [f for k, f in vars(public).items() if k[0] != "_"] if public in CLASSES else []
        given |= {f.__annotations__["return"] for f in [public, *methods] if inspect.isfunction(f)}
    found = {word for text in given for word in re.findall(r"\w+", str(text))} & defined
    # How a model runs; and a Figure is matplotlib's.
    assert found - {name for _, name in NAMES} == {"Engine", "CheckpointFiles", "Figure"}


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


def lines(paths):
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def test_the_core_is_read_in_fifteen_minutes():
    core = ("model", "preprocessing", "predictions", "answers", "distances")
    assert lines(ROOT / f"geonb/{name}.py" for name in core) <= 780


# Lines of Python, comments and docstrings included: what there is. Who needs more first looks for
# what can go; the aim is 7,000, 1,800, 4,500 and 4,400.
SIZES = {
    "geonb": 9_799,
    "geonb/network": 2_205,
    "geonb_lab": 6_451,
    "geonb_training": 4_313,
}


@pytest.mark.parametrize("folder", SIZES)
def test_the_packages_stay_thin(folder):
    assert lines((ROOT / folder).rglob("*.py")) <= SIZES[folder]


def test_the_public_surface_stays_small():
    assert len(geonb.__all__) <= 40


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


PACKAGES = ("geonb", "geonb_lab", "geonb_training")
"""Each imports those before it only."""
FLOORS = (
    "errors files kept writing",
    "web",
    "distances",
    "earth photos",
    "shown",
    "preprocessing answers promise",
    "network",
    "weights",
    "known",
    "model",
    "predictions",
    "published maps picker",
    "commands __main__",
)
"""The floors of geonb: a module imports from its own or from those below."""
# Who imports from a floor above its own, what, and why that is right. All others import downward.
UPWARD = {
    ("geonb.shown.formats", "geonb.predictions"): "for types only",
}
# Which imports close a circle of modules, and why that is right. There are no other circles.
CIRCLES = {
    **UPWARD,
    ("geonb.photos.sharing", "geonb.photos.photo"): "for types only",
}
HOMES = {
    "urllib3": {"photos", "web"},  # photos: for types only
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
        for package in PACKAGES
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


@pytest.mark.parametrize("package", PACKAGES)
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
predictions = geonb.predict(model, photo)
print(predictions.best[0].place)
def loaded():
    return [name for name in sys.modules if name == "geonb" or name.startswith("geonb.")]
names = loaded()
lines = sum(len(Path(sys.modules[name].__file__).read_text().splitlines()) for name in names)
str(predictions)
print(len(names), lines, len(loaded()))
"""


def test_a_prediction_imports_little():
    """What comes with a prediction, or is only used to get a model, is not read for it."""
    geonb.load_model("mini")  # converted, as it is after the first time
    answer = run(PREDICT.format(load='model = geonb.load_model("mini")'))
    modules, lines, with_printing = map(int, answer.stdout.split()[-3:])
    assert modules <= 26
    assert lines <= 3101
    assert with_printing <= 33


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


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package):
    """Also inside functions, and for types."""
    later = PACKAGES[PACKAGES.index(package) + 1 :]
    taken = [(module, name) for module, path in modules(package) for name in imports(path)]
    assert [pair for pair in taken if pair[1].split(".")[0] in later] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_its_tests_in_a_file_of_its_name(package):
    """Who opens geonb/photos/metadata.py finds tests/geonb/photos/test_metadata.py."""
    mirrors = {
        module: ROOT / "tests" / path.relative_to(ROOT).with_name(f"test_{path.stem.strip('_')}.py")
        for module, path in modules(package)
        if path.stem != "__init__"
    }
    assert [
        module
        for module, path in mirrors.items()
        if not path.is_file() or "\ndef test_" not in path.read_text(encoding="utf-8")
    ] == []
