"""ONNX files that others wrote: what they may hold, and which part of them classifies photos."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError

from geonb.earth.cells import CELLS_FILE
from geonb.errors import CellsError, CheckpointError
from geonb.files import expecting
from geonb.network.checkpoint import OneFile, short_digest
from geonb.network.layers import INPUT_SHAPE, Output, warn_of_softmax
from geonb.network.onnx_writing import needed_nodes, save_onnx
from geonb.network.sessions import open_session, run

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
        """Write the part that goes from a photo to the ``outputs`` into ``folder``.

        What follows the probabilities, such as the table of labels that Windows ML's converter
        adds, is left out; a network that ends with scores gets a softmax. ONNX Runtime checks the
        graph and runs it. Raises `CheckpointError`, `CellsError` if its labels are other cells.
        """
        model = read_onnx(self.path)
        tokens = [label.split("\t")[0] for label in read_labels(self.path, model)]
        if tokens and tokens != self.cells().tokens:
            raise CellsError(
                f"{self.path}: its {len(tokens):,} labels are not the cells of "
                f"{self.folder / CELLS_FILE}; is the list of another model?"
            )
        end = _find_end(self.path, model.graph)
        answer, nodes = end.output[0], list(model.graph.node)
        if end.op_type != "Softmax":
            warn_of_softmax(self.path)
            scores, answer = answer, "probabilities of geonb"
            nodes.append(onnx.helper.make_node("Softmax", [scores], [answer], axis=1))
        dense = [node for node in nodes if node.op_type == "Gemm" and node.input]
        if "features" in outputs and not dense:
            raise CheckpointError(
                f"{self.path}: the network has no dense layer (Gemm), which a head would replace; "
                "fit the head on another model"
            )
        ends = [answer if output == "probabilities" else dense[-1].input[0] for output in outputs]
        nodes = needed_nodes(nodes, ends)
        check_operators(self.path, nodes)
        del model.graph.node[:], model.graph.output[:]
        model.graph.node.extend(nodes)
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in ends)
        save_onnx(model, folder)
        session = open_session(folder / "model.onnx", name=self.path)
        for found in run(session, np.zeros((2, *INPUT_SHAPE[1:]), np.float32), self.path):
            if found.ndim != 2 or len(found) != 2:
                shape = f"{found.shape} for two photos, expected (2, classes)"
                raise CheckpointError(f"{self.path}: its answer has the shape {shape}")


def read_onnx(path: Path) -> Any:
    """Read an ONNX file. Raises `CheckpointError`."""
    with expecting(path, "an ONNX file", CheckpointError, DecodeError):
        model = onnx.load(path, load_external_data=False)
    if not model.graph.node:
        raise CheckpointError(f"{path}: not an ONNX file (it has no graph)")
    words = ((n.op_type, n.domain, *n.input, *n.output) for n in model.graph.node)
    if any(isinstance(word, bytes) for some in words for word in some):
        raise CheckpointError(f"{path}: not an ONNX file (a name in it isn't text)")
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


def read_labels(path: Path, model: Any) -> list[str]:
    """The names of the classes, if converters have put them in. Raises `CheckpointError`."""
    with expecting(path, "a classifier whose labels are text", CheckpointError):
        return [
            label.decode()
            for node in model.graph.node
            for attribute in node.attribute
            if attribute.name in {"classlabels_strings", "cats_strings"}
            for label in attribute.strings
        ]


def _find_end(path: Path, graph: Any) -> Any:
    """The softmax in the end, or without one, the dense layer there. Raises `CheckpointError`."""
    makers = {name: node for node in graph.node for name in node.output}
    ends, nothing = [], onnx.NodeProto()
    for output in graph.output:
        node = makers.pop(output.name, nothing)
        while node.op_type in _AFTERWARDS and node.input:
            node = makers.pop(node.input[0], nothing)  # popped: a made-up graph may be a circle
        if node.op_type == "Softmax":
            ends = [node]
            break
        before = [makers[name].op_type for name in node.input if name in makers]
        if node.op_type in {"Gemm", "MatMul"} or (node.op_type == "Add" and "MatMul" in before):
            ends.append(node)
    weights = {tensor.name for tensor in graph.initializer}
    if len([i for i in graph.input if i.name not in weights]) != 1 or len(ends) != 1:
        raise CheckpointError(
            f"{path}: not a classifier of photos; expected one input and a softmax at the end"
        )
    axes = [attribute.i for attribute in ends[0].attribute if attribute.name == "axis"]
    if ends[0].op_type == "Softmax" and set(axes) - {-1, 1}:
        raise CheckpointError(
            f"{path}: its softmax is over axis {axes[0]}, expected 1, that of the classes"
        )
    return ends[0]
