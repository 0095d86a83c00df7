"""The networks that can be trained: LocationNet's own graph, and others of its kind."""

import json

import numpy as np
import pytest

from geonb.errors import TrainingError
from geonb.network.layers import Layer
from geonb_training.mxnet_trainer import import_mxnet
from geonb_training.network import LOCATIONNET, MINI, NETWORKS, fresh, resnet, with_classes
from geonb_training.writing import symbol_json


def test_the_builder_gives_locationnets_graph(real_files):
    theirs = json.loads((real_files / "RN101-5k500-symbol.json").read_text())["nodes"]
    ours = json.loads(symbol_json(resnet(15_527, **LOCATIONNET)))["nodes"]
    assert len(ours) == len(theirs)
    for mine, real in zip(ours, theirs, strict=True):
        assert (mine["op"], mine["name"]) == (real["op"], real["name"])
        assert [i[:2] for i in mine["inputs"]] == [i[:2] for i in real["inputs"]]
        if mine["op"] != "null":
            spelled = {k: v.replace(" ", "") for k, v in mine.get("attrs", {}).items()}
            assert spelled == real.get("attr", {})


@pytest.mark.mxnet
def test_minis_output_has_a_probability_for_each_class():
    symbol = import_mxnet().sym.load_json(symbol_json(resnet(7, **MINI)))
    arguments, outputs, _ = symbol.infer_shape(data=(2, 3, 224, 224))
    assert outputs == [(2, 7)]
    assert symbol.list_outputs() == ["softmax_output"]
    assert sum(int(np.prod(shape)) for shape in arguments) - 2 * 3 * 224 * 224 < 700_000


def test_going_on_needs_a_layer_of_classes_at_the_end():
    ends = Layer("last", "Activation", ("fc1",), (), {"act_type": "relu"})
    start = fresh((*resnet(7, **MINI)[:-1], ends), 0)
    with pytest.raises(TrainingError, match="doesn't end in a layer of classes; start from anoth"):
        with_classes(start, 5, 0)


def test_networks_go_from_mini_to_the_blogs():
    weighted = [1 + 3 * sum(network["units"]) + 1 for network in NETWORKS.values()]
    assert weighted == [17, 50, 101]
