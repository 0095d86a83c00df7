"""Networks of others: answers that are none, odd ONNX files, arrays that nothing needs."""

import json
import time

import numpy as np
import onnx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import geonb
from geonb.errors import CheckpointError, GeonbError, ModelError
from geonb.network.mxnet_files import read_params
from geonb.network.opening import find_checkpoint
from support.coreml_writer import write_coreml
from support.networks import make_cells, write_network, write_params

CLASSES = 5
PHOTO = geonb.example_photo()


def softmax(rows):
    odds = np.exp(rows - rows.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def without_softmax(files):
    """As Gluon exports it: the symbol ends with the dense layer."""
    graph = json.loads(files.symbol.read_text())
    last = max(i for i, node in enumerate(graph["nodes"]) if node["op"] == "FullyConnected")
    graph["nodes"] = graph["nodes"][: last + 1]
    graph["heads"] = [[last, 0, 0]]
    graph["arg_nodes"] = [i for i in graph["arg_nodes"] if i <= last]
    files.symbol.write_text(json.dumps(graph))


ENGINES = ["onnxruntime", "reference", pytest.param("mxnet", marks=pytest.mark.mxnet)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of MXNet's own
@pytest.mark.parametrize("engine", ENGINES)
def test_a_softmax_that_is_missing_is_added_and_said(tmp_path, engine):
    whole, scores = (write_network(tmp_path / name) for name in ("whole", "scores"))
    without_softmax(scores)
    with pytest.warns(UserWarning, match="ends with scores, not probabilities; geonb adds a softm"):
        found = geonb.load_model(scores.prefix, engine).probabilities(PHOTO)
    assert found == pytest.approx(geonb.load_model(whole.prefix).probabilities(PHOTO), abs=1e-5)


def test_a_core_ml_file_without_its_softmax(tmp_path):
    files = write_network(tmp_path / "own", bottleneck=True)
    expected = geonb.load_model(files.prefix).probabilities(PHOTO)
    without_softmax(files)
    with pytest.warns(UserWarning, match="adds a softmax"):
        checkpoint = files.read()
    target = tmp_path / "coreml" / "net.mlmodel"
    target.parent.mkdir()
    (target.parent / "net-symbol.json").write_bytes(files.symbol.read_bytes())
    object.__setattr__(checkpoint, "layers", checkpoint.layers[:-1])
    labels = (files.folder / "grids.txt").read_text().splitlines()
    write_coreml(checkpoint, labels, target)
    (target.parent / "grids.txt").write_text("\n".join(labels) + "\n")
    with pytest.warns(UserWarning, match="adds a softmax"):
        found = geonb.load_model(target).probabilities(PHOTO)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_answers_that_are_no_probabilities_are_refused(tmp_path, engine):
    files = write_network(tmp_path / "own")
    graph = json.loads(files.symbol.read_text())
    node = next(node for node in graph["nodes"] if node["op"] == "SoftmaxOutput")
    node.update(op="Activation", inputs=node["inputs"][:1], attr={"act_type": "relu"})
    graph["nodes"] = [n for n in graph["nodes"] if n["name"] != "softmax_label"]
    for other in graph["nodes"]:
        other["inputs"] = [[min(i, len(graph["nodes"]) - 2), *rest] for i, *rest in other["inputs"]]
    graph["arg_nodes"] = [i for i, n in enumerate(graph["nodes"]) if n["op"] == "null"]
    graph["heads"] = [[len(graph["nodes"]) - 1, 0, 0]]
    files.symbol.write_text(json.dumps(graph))
    model = geonb.load_model(files.prefix, engine)
    with pytest.raises(ModelError, match=r"add up to .*, expected probabilities"):
        geonb.predict(model, PHOTO)


def write_onnx(folder, *, change=lambda model: None, ends=("Softmax",), shape=None, axis=1):
    """A network of one product, and what makes it odd."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = np.random.default_rng(0).standard_normal((3, CLASSES)).astype(np.float32)
    nodes = [
        helper.make_node("GlobalAveragePool", ["in"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["scores"]),
        *[helper.make_node(end, ["scores"], ["out"], axis=axis) for end in ends],
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "odd",
        [info("in", TensorProto.FLOAT, shape or ["N", 3, 224, 224])],
        [info("out" if ends else "scores", TensorProto.FLOAT, ["N", CLASSES])],
        [numpy_helper.from_array(weights, "w")],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("odd", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    change(model)
    onnx.save(model, folder / "odd.onnx")
    make_cells(CLASSES).write(folder / "grids.txt")
    return folder


def test_no_large_tensor(tmp_path):
    assert geonb.load_model(write_onnx(tmp_path / "own")).probabilities(PHOTO).shape == (1, CLASSES)


def test_scores_get_a_softmax(tmp_path):
    expected = geonb.load_model(write_onnx(tmp_path / "whole")).probabilities(PHOTO)
    with pytest.warns(UserWarning, match="adds a softmax"):
        found = geonb.load_model(write_onnx(tmp_path / "own", ends=())).probabilities(PHOTO)
    assert found == pytest.approx(expected, abs=1e-6)
    assert len(set(found[0].tolist())) == CLASSES


def test_what_follows_the_softmax_is_left_out(tmp_path):
    def name_again(model):
        model.graph.node.append(helper.make_node("Identity", ["out"], ["again"]))
        model.graph.output[0].name = "again"

    expected = geonb.load_model(write_onnx(tmp_path / "whole")).probabilities(PHOTO)
    found = geonb.load_model(write_onnx(tmp_path / "own", change=name_again)).probabilities(PHOTO)
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_head_needs_a_layer_that_it_replaces(tmp_path):
    files = find_checkpoint(write_onnx(tmp_path / "own"))
    with pytest.raises(
        CheckpointError, match=r"odd\.onnx: the network has no dense layer \(Gemm\)"
    ):
        files.write_onnx(tmp_path, ("features",))


def test_a_softmax_in_the_middle_is_not_the_end(tmp_path):
    """Attention has one too: what it gives is no answer."""

    def attend(model):
        graph = model.graph
        graph.node[2].input[0] = "attended"
        graph.node.insert(2, helper.make_node("Softmax", ["flat"], ["attended"], axis=1))

    with pytest.warns(UserWarning, match="adds a softmax"):
        model = geonb.load_model(write_onnx(tmp_path / "own", ends=(), change=attend))
    assert model.probabilities(PHOTO).shape == (1, CLASSES)


def unknown_width(model):
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    names = ["shape", "rest", "all"]
    model.graph.node.insert(3, helper.make_node("Shape", ["scores"], names[:1]))
    model.graph.node.insert(4, helper.make_node("Reshape", ["scores", "shape"], ["scores again"]))
    model.graph.node[5].input[0] = "scores again"


def no_dimensions(model):
    model.graph.input[0].type.tensor_type.ClearField("shape")


@pytest.mark.parametrize("change", [unknown_width, no_dimensions])
def test_shapes_that_only_a_run_tells(tmp_path, change):
    model = geonb.load_model(write_onnx(tmp_path / "own", change=change))
    assert model.probabilities([PHOTO] * 2).shape == (2, CLASSES)


def no_type(model):
    model.graph.input[0].ClearField("type")


def no_text(model):
    model.graph.node.append(helper.make_node("Identity", ["out"], ["labels"]))
    labels = [b"\xff\xfe", b"b"]
    model.graph.node[-1].attribute.append(helper.make_attribute("cats_strings", labels))


def circle(model):
    model.graph.node[0].input[0] = "flat"


def endless(model):
    steps = [("here", "there"), ("there", "here"), ("here", "last")]
    model.graph.node.extend(helper.make_node("Identity", [a], [b]) for a, b in steps)
    model.graph.output[0].name = "last"


def two_inputs(model):
    model.graph.input.append(model.graph.input[0])


def nodes(model):
    last = "out"
    for i in range(100_000):
        model.graph.node.append(helper.make_node("Identity", [last], [f"x{i}"]))
        last = f"x{i}"
    model.graph.output[0].name = last


def operator(kind, domain=""):
    def change(model):
        model.graph.node[1].op_type, model.graph.node[1].domain = kind, domain

    return change


def a_terabyte(model):
    size = numpy_helper.from_array(np.array([1 << 40], np.int64), "size")
    model.graph.initializer.append(size)
    model.graph.node.insert(2, helper.make_node("ConstantOfShape", ["size"], ["large"]))
    model.graph.node.insert(3, helper.make_node("ReduceMax", ["large"], ["most"], keepdims=0))
    model.graph.node.insert(4, helper.make_node("Add", ["flat", "most"], ["more"]))
    model.graph.node[5].input[0] = "more"


def other_file(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")


ODD = {
    "no type": (no_type, r"odd\.onnx"),
    "a label that isn't UTF-8": (no_text, "labels are text"),
    "a circle": (circle, r"odd\.onnx|no such"),
    "an end that is a circle": (endless, "expected one input and a softmax at the end"),
    "two inputs": (two_inputs, "not a classifier of photos; expected one input"),
    "100,000 nodes": (nodes, "100,004 nodes, expected 20,000 at most"),
    "Loop": (operator("Loop"), "needs the operator 'Loop', which no classifier"),
    "Scan": (operator("Scan"), "'Scan'"),
    "If": (operator("If"), "'If'"),
    "code of its own": (operator("Mine", "odd"), r"'odd\.Mine'"),
    "a terabyte": (a_terabyte, "cannot (run|load) it"),
    "arrays elsewhere": (other_file, "its arrays lie in other files"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_cannot_be_a_classifier_is_named(tmp_path, name):
    change, words = ODD[name]
    folder = write_onnx(tmp_path / "own", change=change)
    begun = time.monotonic()
    with pytest.raises(GeonbError, match=words) as caught:
        geonb.load_model(folder)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - begun < 10


def test_a_softmax_over_the_photos_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="softmax is over axis 0, expected 1"):
        geonb.load_model(write_onnx(tmp_path / "own", axis=0))


def test_an_input_of_another_size_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"odd\.onnx: ONNX Runtime cannot run it"):
        geonb.load_model(write_onnx(tmp_path / "own", shape=["N", 3, 299, 299]))


ARRAYS = ("conv0_weight", "bn0_gamma", "bn0_beta", "bn0_moving_mean", "bn0_moving_var", "fc1_bias")


@pytest.mark.parametrize("name", ARRAYS)
@given(st.floats(width=32))
@example(float("nan"))
@example(float("inf"))
@example(3e38)
@example(-1.0)
@example(1e-45)
@settings(max_examples=12, deadline=None)
def test_odd_numbers_give_probabilities_or_one_line(name, tmp_path_factory, number):
    """Not a number, infinite, negative variances, so small that they round to nothing."""
    files = write_network(tmp_path_factory.mktemp("odd"))
    arrays = read_params(files.params)
    arrays[name] = np.full_like(arrays[name], number)
    write_params(files.params, iter(arrays.items()))
    try:
        found = geonb.load_model(files.prefix).probabilities(PHOTO)
    except ModelError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    else:
        assert found.sum() == pytest.approx(1, abs=1e-3)


def test_the_form_is_found_as_before(tmp_path):
    assert find_checkpoint(write_onnx(tmp_path / "own")).only_onnx


def one_for_all(model):
    model.graph.node.insert(0, helper.make_node("ReduceMean", ["in"], ["one"], axes=[0]))
    model.graph.node[1].input[0] = "one"


def test_one_answer_for_all_photos_is_refused(tmp_path):
    folder = write_onnx(tmp_path / "own", change=one_for_all)
    with pytest.raises(CheckpointError, match=r"shape \(1, 5\) for two photos"):
        geonb.load_model(folder)


@pytest.mark.parametrize("name", [b"axis", b"out", b"scores"])
def test_names_in_onnx_that_are_no_text(tmp_path, name):
    path = write_onnx(tmp_path / "own") / "odd.onnx"
    path.write_bytes(path.read_bytes().replace(name, name[:-2] + b"\xc3\xff"))
    with pytest.raises(CheckpointError, match=r"odd\.onnx: "):
        geonb.load_model(path)
