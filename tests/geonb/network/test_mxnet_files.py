"""MXNet's symbol and params: read in every layout, without MXNet, or refused."""

import json
import struct
import time

import numpy as np
import pytest

import geonb
from geonb.errors import CheckpointError
from geonb.network.mxnet_files import read_params, read_symbol
from support.networks import write_network, write_params


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path)


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


def test_a_symbol_that_is_nested_too_deep(files):
    files.symbol.write_text("[" * 100_000)
    with pytest.raises(CheckpointError, match="not an MXNet symbol file"):
        files.read()


def test_a_layer_that_reads_nothing(files):
    symbol = json.loads(files.symbol.read_text())
    node = next(node for node in symbol["nodes"] if node["op"] == "Flatten")
    files.symbol.write_text(json.dumps(symbol | {"nodes": [node | {"inputs": []}]}))
    with pytest.raises(CheckpointError, match=f"layer '{node['name']}' reads 0 layers, expected 1"):
        read_symbol(files.symbol)


@pytest.mark.parametrize("name", [[], {"a": 1}, "\ud800"])
@pytest.mark.parametrize("kind", ["Convolution", "null"])
def test_names_in_a_symbol_that_are_no_text(tmp_path, kind, name):
    files = write_network(tmp_path / "own")
    graph = json.loads(files.symbol.read_text())
    [node for node in graph["nodes"] if node["op"] == kind][-1]["name"] = name
    files.symbol.write_text(json.dumps(graph))
    with pytest.raises(CheckpointError, match="not an MXNet symbol file"):
        geonb.load_model(files.prefix)


def test_arrays_that_the_network_does_not_need_may_hold_anything(tmp_path):
    """Counters, tables of words: whole numbers beside the floats."""
    files = write_network(tmp_path / "own")
    expected = read_params(files.params)
    data = files.params.read_bytes()
    extra = (
        struct.pack("<IiIqiii", 0xF993FAC9, 0, 1, 3, 1, 0, 6) + np.arange(3, dtype="<i8").tobytes()
    )
    count = len(expected)
    at = data.index(struct.pack("<Q", count), 24)  # the names follow the arrays
    name = struct.pack("<Q", 9) + b"arg:steps"
    data = data[:16] + struct.pack("<Q", count + 1) + data[24:at] + extra
    names = files.params.read_bytes()[at + 8 :]
    files.params.write_bytes(data + struct.pack("<Q", count + 1) + names + name)
    assert read_params(files.params)["steps"].tolist() == [0, 1, 2]
    assert geonb.load_model(files.prefix).probabilities(geonb.example_photo()).shape == (1, 40)


def test_an_array_that_holds_nothing(tmp_path):
    """MXNet's None: its layout and its number of dimensions, and no more."""
    path = tmp_path / "a-0000.params"
    name = struct.pack("<QQ", 1, 5) + b"arg:a"
    path.write_bytes(struct.pack("<QQQIiI", 0x112, 0, 1, 0xF993FAC9, 0, 0) + name)
    assert {name: array.size for name, array in read_params(path).items()} == {"a": 0}


def test_a_sparse_array_is_refused(tmp_path):
    path = tmp_path / "a-0000.params"
    path.write_bytes(struct.pack("<QQQIi", 0x112, 0, 1, 0xF993FAC9, 1) + bytes(100))
    with pytest.raises(CheckpointError, match=r"a-0000\.params: not an MXNet params file.*sparse"):
        read_params(path)


def test_an_array_of_a_hundred_thousand_dimensions(tmp_path):
    """Their product has millions of digits: 0.8 MB took 47 s."""
    path = tmp_path / "a-0000.params"
    shape = struct.pack("<100000q", *[(1 << 62) + 1] * 100_000)
    path.write_bytes(struct.pack("<QQQIiI", 0x112, 0, 1, 0xF993FAC9, 0, 100_000) + shape)
    begun = time.monotonic()
    with pytest.raises(CheckpointError, match="100,000 dimensions"):
        read_params(path)
    assert time.monotonic() - begun < 1
