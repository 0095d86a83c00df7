"""Networks as ONNX: a small graph, its arrays beside it, written one by one."""

import tracemalloc

import numpy as np
import onnx
import pytest

from geonb.network.onnx_writing import write_graph
from geonb.network.sessions import open_session
from support.networks import write_network


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path / "own")


def test_the_graph_is_small_and_its_arrays_lie_beside_it(files, tmp_path):
    files.write_onnx(tmp_path)
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
    sizes = [(tmp_path / f"model.{ending}").stat().st_size for ending in ("onnx", "data")]
    assert sizes[0] < sizes[1] / 2


def test_arrays_are_written_one_by_one(tmp_path):
    """All of GeoCLIP's at once took 5 GB."""
    arrays = ((f"w{i}", np.full(1_000_000, i, np.float32)) for i in range(20))
    tracemalloc.start()
    write_graph(tmp_path, [], arrays, ("data", (3,)), [])
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert (tmp_path / "model.data").stat().st_size == 80_000_000


def test_a_network_can_end_where_its_last_layer_reads(files, tmp_path):
    """With its features alone it has neither that layer nor the layer's arrays."""
    sizes = {}
    for outputs in (("features",), ("features", "probabilities")):
        files.write_onnx(tmp_path, outputs)
        sizes[outputs] = (tmp_path / "model.data").stat().st_size
        session = open_session(tmp_path / "model.onnx")
        features, *probabilities = session.run(None, {"data": np.ones((2, 3, 224, 224), "f4")})
    arrays = files.read().arrays
    last = [arrays[f"fc1_{part}"] for part in ("weight", "bias")]
    lost = sizes["features", "probabilities"] - sizes["features",]
    assert lost == sum(array.nbytes for array in last)
    odds = np.exp(features @ last[0].T + last[1])
    expected = odds / odds.sum(axis=1, keepdims=True)
    assert probabilities[0] == pytest.approx(expected, rel=1e-4)
