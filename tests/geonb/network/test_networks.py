"""The networks that tests are made of are LocationNet's family indeed."""

import json
import math

from support.networks import FULL_SIZE, _Graph


def full_size() -> _Graph:
    graph = _Graph()
    graph.resnet(*(FULL_SIZE[key] for key in ("units", "filters", "classes")), deep=True)
    return graph


def test_full_size_has_locationnets_parameters():
    assert sum(map(math.prod, full_size().shapes.values())) == 74_405_235


def test_full_size_is_the_real_symbol_node_for_node(real_files):
    real = json.loads((real_files / "RN101-5k500-symbol.json").read_text())
    for node in real["nodes"]:
        node.get("attr", {}).pop("__init__", None)  # only training reads it
    mine = full_size().symbol("attr")
    assert mine["nodes"] == real["nodes"]
    assert mine["heads"] == real["heads"]
