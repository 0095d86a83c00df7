"""What holds for geonb_training as a whole: its floors and its surface."""

import ast
import inspect
from pathlib import Path

import pytest

import geonb_training

PACKAGE = Path(geonb_training.__file__).parent
FLOORS = (
    "network shards splits softmax head_report partitions",
    "batches features torch_network writing",
    "state",
    "fitting head",
    "mxnet_trainer torch_trainer",
    "loop",
    "scenes own_photos",
    "leak mini",
    "__init__",
    "__main__",
)
SCENES = (
    "cities painting",
    "photographers shapes view",
    "buildings cars plants street",
    "scene",
    "sets trips",
    "knobs towns",
    "__init__",
)


def imported(path):
    """All modules of the package that a file imports: inside functions and for types too."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            # `from geonb_training import x`: a module, or a name of __init__
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name.split(".") for name in names if name.startswith("geonb_training"))


def upward(folder, floors, depth):
    """Imports of a floor above, or of a module beside that imports back."""
    floor = {name: i for i, names in enumerate(floors) for name in names.split()}
    wrong = []
    for path in folder.glob("*.py"):
        for name in imported(path):
            target = name[depth] if len(name) > depth and name[depth] in floor else "__init__"
            if name[1:depth] == list(folder.relative_to(PACKAGE).parts) and (
                floor[target] >= floor[path.stem]
            ):
                wrong.append((path.stem, ".".join(name)))
    return wrong


def test_every_module_is_built_on_those_below_it():
    assert upward(PACKAGE, FLOORS, 1) == []
    assert upward(PACKAGE / "scenes", SCENES, 2) == []


def test_the_floors_name_every_module():
    here = {path.stem for path in PACKAGE.glob("*.py")} | {"scenes"}
    assert {name for names in FLOORS for name in names.split()} == here
    scenes = {path.stem for path in (PACKAGE / "scenes").glob("*.py")}
    assert {name for names in SCENES for name in names.split()} == scenes


@pytest.mark.parametrize("name", geonb_training.__all__)
def test_every_public_name_is_documented_with_its_attributes(name):
    thing = getattr(geonb_training, name)
    assert thing.__doc__
    for field in getattr(thing, "__dataclass_fields__", ()):
        assert f"\n    {field}: " in inspect.getdoc(thing)
