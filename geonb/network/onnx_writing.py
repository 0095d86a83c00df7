"""Write networks as ONNX, the form that ONNX Runtime maps: a graph, and its arrays beside it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from geonb.network.layers import INPUT_SHAPE, Checkpoint, Output, rules


def write_layers(checkpoint: Checkpoint, folder: Path, outputs: Sequence[Output]) -> None:
    """Write a network of layers into ``folder``: see `write_graph`.

    Input ``data`` (N, 3, 224, 224), and the ``outputs`` in this order. Raises `CheckpointError`,
    `OSError`.
    """
    dense, width = checkpoint.last_dense
    ends = {
        "features": (f"{dense.name}_flat", width),
        "probabilities": (checkpoint.layers[-1].name, int(dense.number("num_hidden", 0))),
    }
    every = []
    for layer, (*_, op, attributes) in rules(checkpoint.layers):
        inputs = [*layer.inputs, *layer.parameters]
        if op == "Gemm":  # MXNet flattens before a dense layer
            inputs[0] = f"{layer.name}_flat"
            every.append(helper.make_node("Flatten", layer.inputs, inputs[:1]))
        every.append(helper.make_node(op, inputs, [layer.name], layer.name, **attributes))
    nodes = needed_nodes(every, [ends[output][0] for output in outputs])
    names = dict.fromkeys(name for node in nodes for name in node.input)
    arrays = ((name, checkpoint.arrays[name]) for name in names if name in checkpoint.arrays)
    write_graph(folder, nodes, arrays, ("data", INPUT_SHAPE[1:]), [ends[o] for o in outputs])


def needed_nodes(nodes: Sequence[Any], outputs: Iterable[str]) -> list[Any]:
    """The nodes that these outputs depend on, in order."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):  # each stands behind those that it reads
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def write_graph(
    folder: Path,
    nodes: Sequence[Any],
    arrays: Iterable[tuple[str, NDArray[np.float32]]],
    source: tuple[str, tuple[int, ...]],
    outputs: Iterable[tuple[str, int]],
) -> None:
    """Write ``model.onnx``, and its arrays beside it as ``model.data``, into ``folder``.

    The input ``source`` is a name and the shape of one photo, ``outputs`` names and widths.
    Arrays are written one by one: `save_onnx` would hold GeoCLIP's in memory four times.
    """
    tensors = []
    with (folder / "model.data").open("wb") as file:
        for name, array in arrays:
            tensor = TensorProto(name=name, dims=array.shape, data_type=TensorProto.FLOAT)
            tensor.data_location = TensorProto.EXTERNAL
            where = {"location": "model.data", "offset": file.tell(), "length": 4 * array.size}
            for key, value in where.items():
                tensor.external_data.add(key=key, value=str(value))
            file.write(np.ascontiguousarray(array, "<f4").data)
            tensors.append(tensor)
    info = helper.make_tensor_value_info
    inputs = [info(source[0], TensorProto.FLOAT, ["N", *source[1]])]
    ends = [info(name, TensorProto.FLOAT, ["N", width]) for name, width in outputs]
    graph = helper.make_graph(nodes, "geonb", inputs, ends, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8  # the oldest that has this opset, for the oldest ONNX Runtime with it
    (folder / "model.onnx").write_bytes(model.SerializeToString())


def save_onnx(model: Any, folder: Path) -> None:
    """Write ``model.onnx``, and its large arrays beside it as ``model.data``, into ``folder``."""
    apart = {"save_as_external_data": True, "location": "model.data", "size_threshold": 1024}
    onnx.save(model, folder / "model.onnx", **apart)
