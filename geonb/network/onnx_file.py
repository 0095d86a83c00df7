"""Write a checkpoint as an ONNX file, the form that ONNX Runtime maps and runs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper

from geonb.errors import CheckpointError
from geonb.network import sessions
from geonb.network.layers import INPUT_SHAPE
from geonb.network.tensors import Stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geonb.network.layers import Checkpoint, Layer

_ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}

Node = tuple[str, dict[str, Any]]
"""An ONNX operator with its attributes."""


def _convolution(layer: Layer) -> Node:
    return "Conv", {**_window(layer), "group": int(layer.number("num_group", 1))}


def _window(layer: Layer) -> dict[str, tuple[int, ...]]:
    kernel = layer.numbers("kernel")
    ones = (1,) * len(kernel)
    pad = layer.numbers("pad") or (0,) * len(kernel)
    return {
        "kernel_shape": kernel,
        "strides": layer.numbers("stride") or ones,
        "pads": pad + pad,
        "dilations": layer.numbers("dilate") or ones,
    }


def _pooling(layer: Layer) -> Node:
    kind = {"max": "MaxPool", "avg": "AveragePool"}[layer.text("pool_type", "max")]
    if layer.flag("global_pool"):
        return f"Global{kind}", {}
    window = _window(layer)
    del window["dilations"]  # MXNet has none; ONNX's average pooling learned them late
    ceil = int(layer.text("pooling_convention", "valid") == "full")
    counted = int(layer.flag("count_include_pad", default=True))
    padding = {} if kind == "MaxPool" else {"count_include_pad": counted}
    return kind, {**window, "ceil_mode": ceil, **padding}


_NODES: dict[str, Callable[[Layer], Node]] = {
    "Activation": lambda layer: (_ACTIVATIONS[layer.text("act_type", "relu")], {}),
    "BatchNorm": lambda layer: ("BatchNormalization", {"epsilon": layer.number("eps", 1e-3)}),
    "Convolution": _convolution,
    "Dropout": lambda _: ("Identity", {}),
    "Flatten": lambda _: ("Flatten", {}),
    "FullyConnected": lambda _: ("Gemm", {"transB": 1}),
    "Pooling": _pooling,
    "SoftmaxOutput": lambda _: ("Softmax", {"axis": 1}),
    "elemwise_add": lambda _: ("Add", {}),
}


def _nodes(layer: Layer) -> list[Any]:
    """The ONNX nodes of one layer. Raises `CheckpointError`."""
    inputs, nodes = [*layer.inputs, *layer.parameters], []
    try:
        op, attributes = _NODES[layer.op](layer)
        if op == "Gemm":  # MXNet flattens before a dense layer
            inputs[0] = f"{layer.name}_flat"
            nodes.append(helper.make_node("Flatten", layer.inputs, inputs[:1]))
        nodes.append(helper.make_node(op, inputs, [layer.name], layer.name, **attributes))
    except (LookupError, ValueError, ArithmeticError) as error:
        raise CheckpointError(
            f"layer {layer.name!r} ({layer.op}) has {error}, which geonb does not support"
        ) from error
    return nodes


def write_onnx(checkpoint: Checkpoint, folder: Path) -> None:
    """Write ``model.onnx``, and its arrays beside it as ``model.data``, into ``folder``.

    Input ``data`` (N, 3, 224, 224) float32, output (N, classes). Arrays apart from the graph are
    mapped by ONNX Runtime straight from the disk. Raises `CheckpointError`, `OSError`.
    """
    nodes = [node for layer in checkpoint.layers for node in _nodes(layer)]
    info, last = helper.make_tensor_value_info, checkpoint.layers[-1].name
    inputs = [info("data", TensorProto.FLOAT, ["N", *INPUT_SHAPE[1:]])]
    outputs = [info(last, TensorProto.FLOAT, ["N", checkpoint.classes])]
    arrays = _write_arrays(checkpoint, folder / "model.data")
    graph = helper.make_graph(nodes, "geonb", inputs, outputs, arrays)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8  # the oldest that has this opset, for the oldest ONNX Runtime with it
    (folder / "model.onnx").write_bytes(model.SerializeToString())


def _write_arrays(checkpoint: Checkpoint, path: Path) -> list[Any]:
    """Write the arrays one after the other; the tensors that say where each of them lies.

    `onnx.save` would hold all of them in memory twice.
    """
    tensors = []
    with path.open("wb") as file:
        for name in dict.fromkeys(name for layer in checkpoint.layers for name in layer.parameters):
            array = np.ascontiguousarray(checkpoint.arrays[name], "<f4")
            file.write(bytes(-file.tell() % 4096))  # to the next page, so that it can be mapped
            stored = Stored(path, array.shape, "<f4", file.tell())
            tensors.append(stored.external(name, path.parent))
            file.write(array.data)
    return tensors


def optimise(source: Path, target: Path, *, basic: bool = False) -> None:
    """Write ``source`` as this processor runs it best: layers fused, arrays laid out for it.

    ONNX Runtime does this at every start otherwise, and then keeps the arrays in memory instead
    of mapping them. ``basic`` only fuses layers, which holds for every processor.
    """
    onnxruntime = sessions.runtime()
    options = sessions.options()
    options.optimized_model_filepath = str(target)
    if basic:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    if (root := source.with_name(sessions.ROOT_FILE)).exists():  # the arrays stay where they are
        shutil.copyfile(root, target.with_name(sessions.ROOT_FILE))
    else:
        prefix = "session.optimized_model_external_initializers"
        options.add_session_config_entry(f"{prefix}_file_name", target.with_suffix(".data").name)
        options.add_session_config_entry(f"{prefix}_min_size_in_bytes", "1024")
    sessions.start(source, options, "cpu")
