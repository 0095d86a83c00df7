"""ONNX files that others wrote: what they may hold, and which part of them classifies photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth.cells import CELLS_FILE
from geonb.errors import CellsError, CheckpointError
from geonb.files import expecting
from geonb.network.checkpoint import OneFile, short_digest
from geonb.network.layers import INPUT_SHAPE, warn_of_softmax
from geonb.network.sessions import open_session, run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from geonb.network.layers import Output

_MOST_NODES = 20_000
"""CLIP's vision model has 2,000."""
_OPERATORS = """
    Abs Add And ArgMax Asin AveragePool BatchNormalization Cast Ceil Clip Concat Constant
    ConstantOfShape Conv ConvInteger Cos DequantizeLinear Div Dropout DynamicQuantizeLinear Elu
    Equal Erf Exp Expand Flatten Floor Gather Gelu Gemm GlobalAveragePool GlobalMaxPool Greater
    GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization LRN
    LayerNormalization LeakyRelu Less Log LogSoftmax LpNormalization MatMul MatMulInteger Max
    MaxPool Mean Min Mul Neg Not Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear Range
    Reciprocal ReduceL2 ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare Relu Reshape
    Resize Round Selu Shape Sigmoid Sign Sin Slice Softmax Softplus Softsign Split Sqrt Squeeze
    Sub Sum Tanh Tile Transpose Trilu Unsqueeze Upsample Where
""".split()  # noqa: SIM905 - a hundred lines otherwise
"""What classifiers need: each works on tensors once, so that a network ends."""
_AFTERWARDS = {"ArgMax", "ArrayFeatureExtractor", "Cast", "Identity", "TopK", "ZipMap"}
"""What converters let follow the probabilities."""


@dataclass(frozen=True)
class OnnxFile(OneFile):
    """ONNX's form, which somebody else converted to."""

    only_onnx = True

    def network_digest(self) -> str:
        """Of its content, and of the cell list, which its labels are compared with."""
        return f"{self.digest()}-{short_digest(self.folder / CELLS_FILE)}"

    def write_onnx(self, folder: Path, outputs: tuple[Output, ...] = ("probabilities",)) -> None:
        """See `CheckpointFiles.write_onnx`. Raises `CellsError` if its labels are other cells."""
        classifier = Classifier(self.path)
        tokens = [label.split("\t")[0] for label in classifier.labels]
        if tokens and tokens != self.cells().tokens:
            raise CellsError(
                f"{self.path}: its {len(tokens):,} labels are not the cells of "
                f"{self.folder / CELLS_FILE}; is the list of another model?"
            )
        classifier.write(folder, outputs)


def read_onnx(path: Path) -> Any:
    """Read an ONNX file. Raises `CheckpointError`."""
    import onnx
    from google.protobuf.message import DecodeError

    with expecting(path, "an ONNX file", CheckpointError, DecodeError):
        model = onnx.load(path, load_external_data=False)
    if not model.graph.node:
        raise CheckpointError(f"{path}: not an ONNX file (it has no graph)")
    if any(onnx.external_data_helper.uses_external_data(t) for t in model.graph.initializer):
        raise CheckpointError(f"{path}: its arrays lie in other files; save it as one file")
    if len(model.graph.node) > _MOST_NODES:
        raise CheckpointError(
            f"{path}: {len(model.graph.node):,} nodes, expected {_MOST_NODES:,} at most"
        )
    return model


def check_operators(path: Path, nodes: Iterable[Any]) -> None:
    """Raise `CheckpointError` if a node needs more than a classifier does: a loop, other code."""
    for node in nodes:
        if node.domain not in {"", "ai.onnx"} or node.op_type not in _OPERATORS:
            name = f"{node.domain}.{node.op_type}".strip(".")
            raise CheckpointError(
                f"{path}: it needs the operator {name!r}, which no classifier of photos needs; "
                "geonb does not run it"
            )


def save_onnx(model: Any, folder: Path) -> None:
    """Write ``model.onnx``, and its large arrays beside it as ``model.data``, into ``folder``."""
    import onnx

    apart = {"save_as_external_data": True, "location": "model.data", "size_threshold": 1024}
    onnx.save(model, folder / "model.onnx", **apart)


class Classifier:
    """The part of an ONNX file that goes from a photo to probabilities. Raises `CheckpointError`.

    What follows the probabilities, such as the table of labels that Windows ML's converter adds,
    is left out; the labels are taken from it. A network that ends with scores gets a softmax.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.model = path, read_onnx(path)
        graph = self.model.graph
        weights = {tensor.name for tensor in graph.initializer}
        self.end = _find_end(graph)
        if len([i for i in graph.input if i.name not in weights]) != 1 or self.end is None:
            raise CheckpointError(
                f"{path}: not a classifier of photos; expected one input and a softmax in the end"
            )
        axes = [attribute.i for attribute in self.end.attribute if attribute.name == "axis"]
        if self.end.op_type == "Softmax" and set(axes) - {-1, 1}:
            raise CheckpointError(
                f"{path}: its softmax is over axis {axes[0]}, expected 1, that of the classes"
            )
        with expecting(path, "a classifier whose labels are text", CheckpointError):
            self.labels = [
                label.decode()
                for node in graph.node
                for attribute in node.attribute
                if attribute.name in {"classlabels_strings", "cats_strings"}
                for label in attribute.strings
            ]

    def write(self, folder: Path, outputs: Iterable[Output]) -> None:
        """Write the ``outputs``, and what they depend on, as ``model.onnx`` into ``folder``.

        ONNX Runtime checks the graph, with ONNX's own checker and shape inference, and runs it.
        """
        from onnx import ValueInfoProto, helper

        graph, answer = self.model.graph, self.end.output[0]
        if self.end.op_type != "Softmax":
            warn_of_softmax(self.path)
            scores, answer = answer, "probabilities of geonb"
            graph.node.append(helper.make_node("Softmax", [scores], [answer], axis=1))
        names = [answer if output == "probabilities" else self._features() for output in outputs]
        nodes = _needed(graph.node, names)
        check_operators(self.path, nodes)
        del graph.node[:], graph.output[:]
        graph.node.extend(nodes)
        graph.output.extend(ValueInfoProto(name=name) for name in names)
        save_onnx(self.model, folder)
        session = open_session(folder / "model.onnx", name=self.path)
        for found in run(session, np.zeros(INPUT_SHAPE, np.float32), self.path):
            if found.ndim != 2 or len(found) != 1:
                shape = f"{found.shape} for one photo, expected (1, classes)"
                raise CheckpointError(f"{self.path}: its answer has the shape {shape}")

    def _features(self) -> str:
        """What the last dense layer reads."""
        dense = [node for node in self.model.graph.node if node.op_type == "Gemm"]
        if not dense:
            raise CheckpointError(
                f"{self.path.name}: the network has no dense layer, so a head can't replace it"
            )
        return str(dense[-1].input[0])


def _find_end(graph: Any) -> Any:
    """The softmax in the end; without one, the dense layer there; None without both."""
    makers = {name: node for node in graph.node for name in node.output}
    ends = []
    for output in graph.output:
        node = makers.pop(output.name, None)
        while node is not None and node.op_type in _AFTERWARDS and node.input:
            node = makers.pop(node.input[0], None)  # popped, as a made-up graph may be a circle
        if node is not None and node.op_type == "Softmax":
            return node
        before = [makers[name].op_type for name in getattr(node, "input", ()) if name in makers]
        if node is not None and (
            node.op_type in {"Gemm", "MatMul"} or (node.op_type == "Add" and "MatMul" in before)
        ):
            ends.append(node)
    return ends[0] if len(ends) == 1 else None


def _needed(nodes: Iterable[Any], outputs: Iterable[str]) -> list[Any]:
    """The nodes that these outputs depend on, in order."""
    wanted, kept = set(outputs), []
    for node in reversed(list(nodes)):  # each stands behind those that it reads
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]
