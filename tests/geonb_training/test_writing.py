"""MXNet's own files, written without MXNet: what geonb reads back, and what MXNet does."""

import json

import numpy as np
import pytest

from geonb.network.mxnet_files import read_params, read_symbol
from geonb_training.network import auxiliary, fresh, resnet
from geonb_training.writing import symbol_json, write_params

LAYERS = resnet(4, (1, 1), (4, 8, 12))


@pytest.fixture
def written(tmp_path):
    """A small network as two files, and its arrays."""
    (tmp_path / "m-symbol.json").write_text(symbol_json(LAYERS), encoding="utf-8")
    arrays = fresh(LAYERS, seed=3).arrays
    write_params(tmp_path / "m-0001.params", arrays, LAYERS)
    return tmp_path, arrays


def test_a_network_is_read_back_as_it_was_written(written):
    folder, arrays = written
    assert read_symbol(folder / "m-symbol.json") == LAYERS
    found = read_params(folder / "m-0001.params")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == np.float32


def test_arrays_of_any_layout_and_kind_are_written_as_float32(tmp_path):
    table = np.arange(6.0).reshape(2, 3).T
    write_params(tmp_path / "a.params", {"fc1_weight": table, "none": table[:0]}, LAYERS)
    found = read_params(tmp_path / "a.params")
    np.testing.assert_array_equal(found["fc1_weight"], table)
    assert found["none"].shape == (0, 2)


def test_every_input_of_the_network_is_named_as_one():
    whole = json.loads(symbol_json(LAYERS))
    names = [whole["nodes"][i]["name"] for i in whole["arg_nodes"]]
    assert {"data", "softmax_label", *fresh(LAYERS, 0).arrays} == set(names)
    assert whole["nodes"][whole["heads"][0][0]]["name"] == "softmax"


@pytest.mark.mxnet
def test_mxnet_reads_them_and_knows_which_arrays_it_may_learn(written):
    import mxnet as mx

    folder, arrays = written
    symbol, learned, kept = mx.model.load_checkpoint(str(folder / "m"), 1)
    assert set(kept) == auxiliary(LAYERS) == set(symbol.list_auxiliary_states())
    assert learned.keys() == arrays.keys() - kept.keys()
    for name, array in (learned | kept).items():
        np.testing.assert_array_equal(array.asnumpy(), arrays[name])
