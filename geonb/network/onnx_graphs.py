"""ONNX files that others wrote, run as they are: their large tensors stay where they lie."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geonb.earth.cells import CELLS_FILE
from geonb.errors import CellsError, CheckpointError
from geonb.files import expecting
from geonb.network.checkpoint import OneFile, where_digest
from geonb.network.sessions import ROOT_FILE
from geonb.network.tensors import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from geonb.earth.cells import Cells


class OnnxFile(OneFile):
    """ONNX's form, which somebody else converted to."""

    only_onnx = True

    def digest(self) -> str:
        """Of its content, and of its path, to which the graph points."""
        return f"{super().digest()}-{where_digest(self.path)}"

    def cells(self) -> Cells:
        """The cell list beside it, which its labels must be, if it has any."""
        cells = super().cells()
        labels = read_classifier(self.path)[2]
        tokens = [label.split("\t")[0] for label in labels]
        if labels and tokens != cells.tokens:
            raise CellsError(
                f"{self.path}: its {len(labels):,} labels are not the cells of "
                f"{self.folder / CELLS_FILE}; is the list of another model?"
            )
        return cells

    def write_onnx(self, folder: Path) -> None:
        """See `read_classifier`."""
        save_graph(*read_classifier(self.path)[:2], folder)


def read_onnx(path: Path) -> tuple[Any, dict[str, Stored]]:
    """Read an ONNX file: its graph, without the large tensors, and where in the file these lie.

    `onnx.load` would read them all into memory. Raises `CheckpointError`.
    """
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    with (
        expecting(path, "an ONNX file", CheckpointError, DecodeError),
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        fields = list(_fields(data, 0, len(data)))
        model = ModelProto.FromString(b"".join(data[a:c] for n, a, _, c in fields if n != 7))
        stored: dict[str, Stored] = {}
        for number, _, start, stop in fields:
            if number == 7:
                _read_graph(path, data, (start, stop), model.graph, stored)
    if not model.graph.node:
        raise CheckpointError(f"{path}: not an ONNX file (it has no graph)")
    return model, stored


def _read_graph(
    path: Path, data: mmap.mmap, span: tuple[int, int], graph: Any, stored: dict[str, Stored]
) -> None:
    """Merge the graph's fields into ``graph``, but for its large tensors: they go to ``stored``."""
    from onnx import TensorProto, helper

    for number, begin, start, stop in _fields(data, *span):
        if number != 5 or stop - start < 1024:  # 5 is an initializer; small ones stay
            graph.MergeFromString(data[begin:stop])
            continue
        parts = list(_fields(data, start, stop))
        tensor = TensorProto.FromString(b"".join(data[a:c] for n, a, _, c in parts if n != 9))
        raw = next(((a, b) for n, _, a, b in parts if n == 9), None)  # 9 is its raw data
        if raw is None:
            graph.initializer.append(tensor)
            continue
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
        stored[tensor.name] = Stored(path, tuple(tensor.dims), dtype.str, raw[0])
        if stored[tensor.name].nbytes != raw[1] - raw[0]:
            raise ValueError(f"{tensor.name} is not as large as its shape says")


def _fields(data: mmap.mmap, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, begin, and begin and end of the content, of each field of a protobuf message."""
    at = start
    while at < stop:
        begin = at
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                end = _varint(data, at)[1]
            case 1:
                end = at + 8
            case 2:
                length, at = _varint(data, at)
                end = at + length
            case 5:
                end = at + 4
            case kind:
                raise ValueError(f"a field of the kind {kind}")
        if end > stop:
            raise ValueError("it is cut off")
        yield key >> 3, begin, at, end
        at = end


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("a number without an end")


def save_graph(model: Any, stored: Mapping[str, Stored], folder: Path) -> None:
    """Write ``model.onnx`` into ``folder``, pointing to where its large tensors are stored."""
    root = Path(os.path.commonpath([where.path.resolve().parent for where in stored.values()]))
    tensors = (where.external(name, root) for name, where in stored.items())
    model.graph.initializer.extend(tensors)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / ROOT_FILE).write_text(str(root), encoding="utf-8")


def end_with_classes(graph: Any, layer: Sequence[str], classes: int, scale: float = 1.0) -> None:
    """Let the graph give the probability of each class: a dense layer, then a softmax.

    ``layer`` names what the layer reads, its weights, (classes, features), and its biases.
    """
    from onnx import TensorProto, helper

    graph.node.append(helper.make_node("Gemm", layer, ["logits"], alpha=scale, transB=1))
    graph.node.append(helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1))
    del graph.output[:]
    graph.output.append(
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes])
    )


def needed_nodes(nodes: Sequence[Any], outputs: Iterable[str]) -> list[Any]:
    """The nodes that these outputs depend on, in order."""
    kept: list[Any] = []
    wanted = set(outputs)
    for node in reversed(nodes):  # each stands behind those that it reads
        if wanted.intersection(node.output):
            kept.insert(0, node)
            wanted.update(names_read(node))
    return kept


def names_read(node: Any) -> Iterator[str]:
    """The values that a node reads, those of the graphs within it (an If has two) among them."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from names_read(inner)
        yield from (output.name for output in attribute.g.output)


def read_classifier(path: Path) -> tuple[Any, dict[str, Stored], list[str]]:
    """Read a classifier of photos, from ``data`` to probabilities, its weights and its labels.

    A float16 network takes and gives float32. What follows the probabilities, such as the table
    of labels that Windows ML's converter adds, is left out; the labels are taken from it. Raises
    `CheckpointError`.
    """
    from onnx import TensorProto, helper

    model, stored = read_onnx(path)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer} | set(stored)
    inputs = [i for i in graph.input if i.name not in weights]
    labels = [
        label.decode()
        for node in graph.node
        for attribute in node.attribute
        if attribute.name in {"classlabels_strings", "cats_strings"}
        for label in attribute.strings
    ]
    last = next((node for node in reversed(graph.node) if node.op_type == "Softmax"), None)
    if len(inputs) != 1 or last is None:
        raise CheckpointError(
            f"{path}: not a classifier of photos; expected one input and a softmax in the end"
        )
    kept = needed_nodes(graph.node, last.output)
    del graph.node[:], graph.output[:], graph.input[:]
    kind = inputs[0].type.tensor_type.elem_type
    graph.node.append(helper.make_node("Cast", ["data"], [f"{inputs[0].name}_in"], to=kind))
    for node in kept:
        node.input[:] = [f"{n}_in" if n == inputs[0].name else n for n in node.input]
        graph.node.append(node)
    floats, info = TensorProto.FLOAT, helper.make_tensor_value_info
    graph.node.append(helper.make_node("Cast", last.output, ["probabilities"], to=floats))
    count = inputs[0].type.tensor_type.shape.dim[0].dim_value or "N"
    graph.input.append(info("data", floats, [count, 3, 224, 224]))
    graph.output.append(info("probabilities", floats, [count, None]))
    return model, stored, labels
