"""Checkpoints are read in every layout; what does not fit is named."""

import json
import shutil

import numpy as np
import pytest

import geonb
from geonb.errors import CheckpointError, ModelError
from geonb.network.layers import parameter_shapes
from geonb.network.mxnet_files import read_params, read_symbol
from geonb.network.opening import find_checkpoint
from support.networks import write_network, write_params


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path)


def edit_symbol(files, change):
    graph = json.loads(files.symbol.read_text())
    change(graph["nodes"])
    files.symbol.write_text(json.dumps(graph))


def test_layouts_and_ages_are_read_alike(tmp_path):
    """Three layouts of arrays, two names for attributes: one network."""
    first = None
    for layout, key in [("v2", "attrs"), ("v1", "attr"), ("legacy", "attr")]:
        found = write_network(tmp_path / layout, layout=layout, attribute_key=key).read()
        first = first or found
        assert [(x.name, x.op, x.inputs, x.parameters) for x in found.layers] == [
            (x.name, x.op, x.inputs, x.parameters) for x in first.layers
        ]
        assert found.last_dense[0].attributes["num_hidden"] == "40"
        for name, array in first.arrays.items():
            np.testing.assert_array_equal(found.arrays[name], array)


def test_arrays_are_found_by_name_in_any_order(tmp_path, files):
    arrays = list(read_params(files.params).items())
    write_params(tmp_path / "turned-0000.params", reversed(arrays))
    turned = read_params(tmp_path / "turned-0000.params")
    assert list(turned) == [name for name, _ in reversed(arrays)]
    for name, array in arrays:
        np.testing.assert_array_equal(turned[name], array)


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


def test_folder_prefix_and_epoch_name_the_same_files(tmp_path, files):
    shutil.copy(files.params, tmp_path / "tiny-0003.params")
    for name in (".", "tiny", "tiny-0012", "tiny-0012.params", "tiny-symbol.json"):
        assert find_checkpoint(tmp_path / name) == files, name
    assert find_checkpoint(tmp_path / "tiny-0003").params.name == "tiny-0003.params"
    assert files.prefix == str(tmp_path / "tiny")


def test_names_with_brackets_and_stars_are_names(tmp_path, monkeypatch):
    for name in ("a[1]", "b*", "c?"):
        files = write_network(tmp_path / f"in {name}", name=name)
        assert find_checkpoint(files.folder) == find_checkpoint(files.folder / name) == files
        monkeypatch.chdir(files.folder)
        assert geonb.load_model(name).name == name


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


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_cut_off_params(files, share):
    data = files.params.read_bytes()
    files.params.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match=r"cut off|not an MXNet params file"):
        read_params(files.params)


def test_files_that_are_something_else(tmp_path, files):
    files.params.write_bytes(b"<html>404 Not Found</html>" * 20)
    with pytest.raises(CheckpointError, match="not an MXNet params file"):
        read_params(files.params)
    files.symbol.write_text("<html></html>")
    with pytest.raises(CheckpointError, match="not an MXNet symbol file"):
        read_symbol(files.symbol)


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


def test_a_symbol_that_is_nested_too_deep(files):
    files.symbol.write_text("[" * 100_000)
    with pytest.raises(CheckpointError, match="not an MXNet symbol file"):
        files.read()


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "~nobody-of-this-name/x", "/" + "y" * 300])
def test_names_that_no_file_can_have(name):
    with pytest.raises(ModelError):
        geonb.load_model(name)


def test_missing_files_are_named(tmp_path, files):
    with pytest.raises(CheckpointError, match=r"nothing-symbol\.json: no such file"):
        find_checkpoint(tmp_path / "nothing")
    files.params.unlink()
    with pytest.raises(CheckpointError, match=r"no tiny-.*\.params beside tiny-symbol.json"):
        find_checkpoint(tmp_path)
    (tmp_path / "two-symbol.json").touch()
    with pytest.raises(CheckpointError, match="2 files"):
        find_checkpoint(tmp_path)


def test_the_real_symbol(real_files):
    layers = read_symbol(real_files / "RN101-5k500-symbol.json")
    shapes = parameter_shapes(layers)
    assert sum(np.prod(shape) for shape in shapes.values()) == 74_405_235
    assert shapes["fc1_weight"] == (15_527, 2048)
    assert shapes["conv0_weight"] == (64, 3, 7, 7)
    assert sum(layer.op == "Convolution" for layer in layers) == 104
