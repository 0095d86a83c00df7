"""Products as convolutions with packed weights: the same numbers from another graph."""

from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from geoclip_files import (
    FORMS,
    SMALL,
    mlp_tensors,
    write_onnx_form,
    write_pth,
    write_safetensors_form,
)
from onnx import TensorProto, helper, numpy_helper

from geonb.errors import CheckpointError
from geonb.network.geoclip import find_geoclip
from geonb.network.onnx_file import optimise
from geonb.network.onnx_graphs import read_onnx, save_graph
from geonb.network.opening import OnnxEngine
from geonb.network.packed import block_size, pack_weights, use_packed
from geonb.network.sessions import open_session

PHOTOS = np.random.default_rng(5).standard_normal((3, 3, 224, 224), np.float32)
PACKED = "com.microsoft.nchwc"


def kinds(folder):
    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    return [f"{node.domain}.{node.op_type}".removeprefix(".") for node in graph.node]


def rows(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def network(path, nodes, outputs=("y",), **arrays):
    """One from ``x`` (N, 5, 32) to ``y``, unless to more."""
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [out], **options) for kind, inputs, out, options in nodes],
        "graph",
        [info("x", TensorProto.FLOAT, ["N", 5, 32])],
        [info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


ARRAYS = {"w": rows(32, 48), "transposed": rows(48, 32, seed=1), "b": rows(48, seed=2)}
ARRAYS["square"] = rows(32, 32, seed=3)


def both_answers(path, folder):
    """Of a network as it is, and packed; and the operators of the packed one."""
    x = rows(3, 5, 32)
    plain, packed, done = (folder / name for name in ("as it is", "packed", "done"))
    for made in (plain, packed, done):
        made.mkdir()
    save_graph(*read_onnx(path), plain)
    pack_weights(*read_onnx(path), packed, block_size())
    model, stored = read_onnx(path)
    use_packed(model, stored, packed)
    save_graph(model, stored, packed)
    optimise(packed / "model.onnx", done / "model.onnx")
    before = open_session(plain / "model.onnx", optimised=False).run(None, {"x": x})[-1]
    return before, open_session(done / "model.onnx").run(None, {"x": x})[-1], kinds(done)


PRODUCTS = {
    "with a bias": [("MatMul", ["x", "w"], "p", {}), ("Add", ["b", "p"], "y", {})],
    "without": [("MatMul", ["x", "w"], "y", {})],
    "whose sum is not a bias": [
        ("MatMul", ["x", "w"], "p", {}),
        ("Softmax", ["p"], "s", {"axis": -1}),
        ("Add", ["p", "s"], "y", {}),
    ],
    "that is read twice": [
        ("MatMul", ["x", "w"], "p", {}),
        ("Add", ["p", "b"], "q", {}),
        ("Mul", ["p", "q"], "y", {}),
    ],
    "that is an answer too": [("MatMul", ["x", "w"], "p", {}), ("Add", ["p", "b"], "y", {})],
    "of the same matrix, transposed": [
        ("MatMul", ["x", "square"], "p", {}),
        ("Flatten", ["p"], "flat", {"axis": 2}),
        ("Gemm", ["flat", "square"], "y", {"transB": 1}),
    ],
    "as rows": [
        ("Flatten", ["x"], "flat", {"axis": 2}),
        ("Gemm", ["flat", "w", "b"], "y", {}),
    ],
    "as rows, transposed": [
        ("Flatten", ["x"], "flat", {"axis": 2}),
        ("Gemm", ["flat", "transposed", "b"], "y", {"transB": 1, "alpha": 1.0, "beta": 1.0}),
    ],
}
ACTIVATION = [
    ("MatMul", ["x", "w"], "p", {}),
    ("Add", ["p", "b"], "q", {}),
    ("Mul", ["q", "slope"], "t", {}),
    ("Sigmoid", ["t"], "u", {}),
    ("Mul", ["q", "u"], "v", {}),
    ("MatMul", ["v", "transposed"], "y", {}),
]


@pytest.mark.parametrize("what", PRODUCTS)
def test_a_product_stays_the_same(what, tmp_path):
    nodes = PRODUCTS[what]
    outputs = ("y", "p") if what == "that is an answer too" else ("y",)
    path = network(tmp_path / "network.onnx", nodes, outputs, **ARRAYS)
    before, after, operators = both_answers(path, tmp_path)
    assert after.shape == before.shape
    assert after == pytest.approx(before, abs=1e-4)
    assert operators.count(f"{PACKED}.Conv") == sum(k in {"MatMul", "Gemm"} for k, *_ in nodes)


@pytest.mark.parametrize("exported", ["an initializer", "a node"])
def test_an_activation_between_two_products_takes_and_gives_packed_numbers(exported, tmp_path):
    slope = np.array(1.702, np.float32)
    if exported == "a node":
        constant = ("Constant", [], "slope", {"value": numpy_helper.from_array(slope)})
        path = network(tmp_path / "network.onnx", [constant, *ACTIVATION], **ARRAYS)
    else:
        path = network(tmp_path / "network.onnx", ACTIVATION, **ARRAYS, slope=slope)
    before, after, _ = both_answers(path, tmp_path)
    assert after == pytest.approx(before, abs=1e-4)
    graph = onnx.load(tmp_path / "done" / "model.onnx", load_external_data=False).graph
    (gelu,) = (node for node in graph.node if node.op_type == "QuickGelu")
    (above,) = (node for node in graph.node if gelu.input[0] in node.output)
    below = [node for node in graph.node if gelu.output[0] in node.input]
    assert [(n.domain, n.op_type) for n in (above, *below)] == [(PACKED, "Conv")] * 2


def test_graphs_within_nodes_keep_what_they_read(tmp_path):
    """An If reads values that are not among its inputs."""
    branches = {
        f"{kind}_branch": helper.make_graph(
            [helper.make_node(op, ["p", "b"], [kind])],
            kind,
            [],
            [helper.make_tensor_value_info(kind, TensorProto.FLOAT, None)],
        )
        for kind, op in (("then", "Add"), ("else", "Mul"))
    }
    nodes = [
        ("MatMul", ["x", "w"], "p", {}),
        ("ReduceMax", ["x"], "most", {"keepdims": 0}),
        ("Cast", ["most"], "so", {"to": TensorProto.BOOL}),
        ("If", ["so"], "y", branches),
    ]
    path = network(tmp_path / "network.onnx", nodes, **ARRAYS)
    before, after, operators = both_answers(path, tmp_path)
    assert after == pytest.approx(before, abs=1e-4)
    assert f"{PACKED}.Conv" in operators


def test_a_product_that_is_scaled_stays_as_it_is(tmp_path):
    nodes = [
        ("Flatten", ["x"], "flat", {"axis": 2}),
        ("Gemm", ["flat", "w"], "y", {"alpha": 0.5}),
    ]
    path = network(tmp_path / "network.onnx", nodes, w=rows(32, 48))
    before, after, operators = both_answers(path, tmp_path)
    assert after == pytest.approx(before, abs=1e-6)
    assert "Gemm" in operators


@pytest.mark.parametrize("form", FORMS)
def test_geoclip_answers_the_same_packed(form, tmp_path, monkeypatch):
    folder = FORMS[form](tmp_path / "own")
    packed = find_geoclip(folder)
    engine = OnnxEngine(packed)
    answer = engine.probabilities(PHOTOS)
    operators = kinds(engine._derived.folder)
    layers = 2 * 6 + 2  # two of transformers, with the patches and the projection
    heads = {"onnx": 2, "safetensors": 0}[form]  # which don't lie in CLIP's file
    assert operators.count(f"{PACKED}.Conv") == layers + heads
    monkeypatch.setattr("geonb.network.packed.block_size", lambda: 0)
    monkeypatch.setenv("GEONB_CACHE", str(tmp_path / "other cache"))
    plain = find_geoclip(folder)
    expected = OnnxEngine(plain).probabilities(PHOTOS)
    assert plain.packed is None
    assert answer == pytest.approx(expected, abs=1e-6)


def test_galleries_share_the_packed_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("GEONB_CACHE", str(tmp_path / "cache"))
    folder = write_onnx_form(tmp_path / "own")
    own = [(48.8566, 2.3522), (51.5074, -0.1278)]
    first, second = find_geoclip(folder), find_geoclip(folder, gallery=own)
    for files in (first, second):
        derived = OnnxEngine(files)._derived.folder
        small = sum(f.stat().st_size for f in derived.iterdir())
        assert small < files.vision.stat().st_size / 2
    assert first.packed == second.packed
    weights = sum(f.stat().st_size for f in first.packed.folder.iterdir())
    assert weights < 1.2 * first.vision.stat().st_size


def test_without_room_for_a_copy_the_weights_stay_where_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("GEONB_CACHE", str(tmp_path / "cache"))
    files = find_geoclip(write_onnx_form(tmp_path / "own"))
    _ = files.gallery
    free = files.vision.stat().st_size - 1
    with monkeypatch.context() as full:
        full.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
        engine = OnnxEngine(files)
    assert files.packed is None
    assert f"{PACKED}.Conv" not in kinds(engine._derived.folder)[1:]  # the first is of the patches
    later = OnnxEngine(find_geoclip(files.root))
    assert f"{PACKED}.Conv" in kinds(later._derived.folder)[1:], "once there is room"
    answers = [e.probabilities(PHOTOS) for e in (engine, later)]
    assert answers[0] == pytest.approx(answers[1], abs=1e-6)


def test_a_graph_that_cannot_be_rewritten_is_an_error_of_one_line(tmp_path):
    files = find_geoclip(write_onnx_form(tmp_path / "own"))
    model, stored = read_onnx(files.vision)
    for node in model.graph.node:
        if node.op_type == "MatMul":
            del node.input[1:]
    path = tmp_path / "own" / "onnx" / "vision_model.onnx"
    kept = [numpy_helper.from_array(rows(*s.shape), n) for n, s in stored.items()]
    model.graph.initializer.extend(kept)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CheckpointError, match="ONNX Runtime cannot load it") as raised:
        OnnxEngine(find_geoclip(tmp_path / "own"))
    assert "\n" not in str(raised.value)


def test_other_heads_are_another_model(tmp_path):
    """CLIP's file stays the same, GeoCLIP's small network on it does not."""
    folder = write_safetensors_form(tmp_path / "own")
    before = find_geoclip(folder)
    first = OnnxEngine(before).probabilities(PHOTOS)
    write_pth(before.heads[0], mlp_tensors(SMALL["inside"], seed=9))
    assert not np.array_equal(OnnxEngine(find_geoclip(folder)).probabilities(PHOTOS), first)
