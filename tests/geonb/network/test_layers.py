"""The layers of a network: their shapes, their arrays, and what is said where these don't fit."""

import shutil
import struct

import numpy as np
import pytest

import geonb
from geonb.errors import CheckpointError
from geonb.network.layers import Checkpoint, Layer, parameter_shapes
from geonb.network.mxnet_files import read_params, read_symbol
from geonb.network.onnx_writing import write_layers
from geonb.network.sessions import open_session
from support.networks import edit_symbol, write_network, write_params


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path)


def test_the_real_symbol(real_files):
    layers = read_symbol(real_files / "RN101-5k500-symbol.json")
    shapes = parameter_shapes(layers)
    assert sum(np.prod(shape) for shape in shapes.values()) == 74_405_235
    assert shapes["fc1_weight"] == (15_527, 2048)
    assert shapes["conv0_weight"] == (64, 3, 7, 7)
    assert sum(layer.op == "Convolution" for layer in layers) == 104


def test_a_fixed_gamma_counts_as_one(files):
    arrays = read_params(files.params)
    arrays["bn_data_gamma"] = np.full_like(arrays["bn_data_gamma"], 7.0)
    write_params(files.params, iter(arrays.items()))
    checkpoint = files.read()
    assert set(checkpoint.arrays["bn_data_gamma"].tolist()) == {1.0}
    assert checkpoint.arrays["bn0_gamma"].tolist() == arrays["bn0_gamma"].tolist()


def test_a_fixed_gamma_is_the_default(files):
    def forget(nodes):
        for node in nodes:
            node.get("attr", {}).pop("fix_gamma", None)

    arrays = read_params(files.params)
    arrays["bn0_gamma"] = np.full_like(arrays["bn0_gamma"], 7.0)
    write_params(files.params, iter(arrays.items()))
    edit_symbol(files, forget)
    assert set(files.read().arrays["bn0_gamma"].tolist()) == {1.0}


def test_an_unknown_operator_is_named_with_its_layer(files):
    edit_symbol(files, lambda nodes: nodes[-1].update(op="LRN", name="norm7"))
    with pytest.raises(CheckpointError, match=r"'norm7'.*'LRN'"):
        files.read()


def test_an_unsupported_setting_is_named(tmp_path, files):

    def change(nodes):
        for node in nodes:
            if node["op"] == "Activation":
                node["attr"]["act_type"] = "softsign"

    edit_symbol(files, change)
    with pytest.raises(CheckpointError, match=r"relu.*Activation.*softsign"):
        files.write_onnx(tmp_path)


def test_params_of_another_network(tmp_path, files):
    other = write_network(tmp_path / "other", classes=41)
    shutil.copy(other.params, files.params)
    with pytest.raises(CheckpointError, match=r"fc1_weight.*\(41, 32\).*\(40, 32\)"):
        files.read()


def test_an_array_is_missing(files):
    arrays = read_params(files.params)
    del arrays["conv0_weight"]
    write_params(files.params, iter(arrays.items()))
    with pytest.raises(CheckpointError, match="no array 'conv0_weight'"):
        files.read()


def test_layers_that_do_not_fit_each_other(files):
    def change(nodes):
        for node in nodes:
            if node["name"] == "stage1_unit1_conv1":
                node["attr"]["kernel"] = "(3,)"

    edit_symbol(files, change)
    with pytest.raises(CheckpointError, match="stage1_unit1_conv1"):
        files.read()


def last_convolution(nodes):
    return [node for node in nodes if node["op"] == "Convolution"][-1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda nodes: nodes[-3].update(op="Flatten"),
            "no FullyConnected layer; expected a classifier",
        ),
        (lambda nodes: last_convolution(nodes)["inputs"].pop(), "arrays: 0, expected 1"),
        (lambda nodes: last_convolution(nodes)["attr"].update(stride="(1,1)"), "adds shapes "),
    ],
)
def test_what_is_wrong_with_a_network_is_named(files, change, words):
    edit_symbol(files, change)
    with pytest.raises(CheckpointError, match=words) as caught:
        files.read()
    assert "\n" not in str(caught.value)


def test_the_zeros_around_a_picture_count_in_an_average(tmp_path):
    """As in MXNet; each of the four windows has a quarter of the picture, which is ones."""
    sides = {"kernel": "(224, 224)", "stride": "(224, 224)", "pad": "(112, 112)"}
    layers = (
        Layer("pool", "Pooling", ("data",), (), {"pool_type": "avg", **sides}),
        Layer("fc", "FullyConnected", ("pool",), ("weight", "bias"), {"num_hidden": "2"}),
    )
    arrays = {"weight": np.zeros((2, 12), np.float32), "bias": np.zeros(2, np.float32)}
    write_layers(Checkpoint(layers, arrays), tmp_path, ("features",))
    ones = np.ones((1, 3, 224, 224), np.float32)
    (found,) = open_session(tmp_path / "model.onnx").run(None, {"data": ones})
    assert found == pytest.approx(np.full((1, 12), 0.25))


def set_attribute(op, key, value):
    def change(nodes):
        for node in nodes:
            if node["op"] == op:
                node["attr"][key] = value

    return change


def nameless(nodes):
    nodes[-1]["name"] = None


@pytest.mark.parametrize(
    "change",
    [
        list.clear,
        nameless,
        lambda nodes: nodes.insert(0, None),
        lambda nodes: nodes[-1].update(attr=[1]),
        lambda nodes: nodes[-1].update(inputs=[["a"]]),
        set_attribute("Convolution", "num_filter", "inf"),
        set_attribute("Convolution", "num_filter", [1]),
        set_attribute("Convolution", "pad", f"({10**30}, 0)"),
        set_attribute("Convolution", "pad", "(100000, 100000)"),
        set_attribute("Convolution", "stride", f"({10**30}, 1)"),
        set_attribute("Convolution", "num_group", "0"),
        set_attribute("BatchNorm", "eps", "abc"),
        set_attribute("FullyConnected", "num_hidden", "1e400"),
    ],
)
def test_symbols_that_make_no_sense(files, cache, change):
    edit_symbol(files, change)
    with pytest.raises(CheckpointError):
        geonb.load_model(files.prefix)


def test_whole_numbers_where_floats_are_needed(tmp_path):
    files = write_network(tmp_path / "own")
    arrays = read_params(files.params)
    del arrays["fc1_bias"]
    write_params(files.params, iter(arrays.items()))
    data = files.params.read_bytes()
    at = data.index(struct.pack("<Q", len(arrays)), 24)
    extra = struct.pack("<IiIqiii", 0xF993FAC9, 0, 1, 40, 1, 0, 4) + bytes(160)
    name = struct.pack("<Q", 12) + b"arg:fc1_bias"
    count = struct.pack("<Q", len(arrays) + 1)
    files.params.write_bytes(
        data[:16] + count + data[24:at] + extra + count + data[at + 8 :] + name
    )
    with pytest.raises(CheckpointError, match="'fc1_bias' has int32 numbers of shape"):
        geonb.load_model(files.prefix)
