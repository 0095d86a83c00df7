"""CLIP's eye as an ONNX graph that points into CLIP's own safetensors file: nothing is copied."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from geonb.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from geonb.network.layers import Shape
    from geonb.network.tensors import Stored

_HEAD_WIDTH = 64
"""Numbers to an attention head, in every CLIP; Radford et al., arXiv 2103.00020, table 19."""
_PARTS = ("weight", "bias")
_OWN = "com.microsoft"  # ONNX Runtime's operators: attention and the quick GELU in one


class _Graph:
    """Nodes in order, each named by what it makes, and the weights that they took."""

    def __init__(self, path: Path, stored: Mapping[str, Stored]) -> None:
        self.path, self.stored = path, stored
        self.nodes: list[Any] = []
        self.taken: dict[str, Stored] = {}
        self.small: list[Any] = []

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, domain=domain, **attributes))
        return name

    def shape(self, name: str) -> Shape:
        if name not in self.stored:
            raise CheckpointError(f"{self.path}: no tensor {name!r}; is it CLIP's whole file?")
        return self.stored[name].shape

    def weight(self, name: str, *shape: int) -> str:
        if self.shape(name) != shape or self.stored[name].dtype != "<f4":
            raise CheckpointError(
                f"{self.path}: {name!r} has shape {self.stored[name].shape} of "
                f"{self.stored[name].dtype}, expected {shape} of <f4 (float32)"
            )
        self.taken[name] = self.stored[name]
        return name

    def array(self, name: str, values: Any, dtype: Any = np.float32) -> str:
        self.small.append(numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def norm(self, x: str, name: str, width: int) -> str:
        weights = (self.weight(f"{name}.{kind}", width) for kind in _PARTS)
        return self.op("LayerNormalization", x, *weights, epsilon=1e-5, axis=-1)

    def dense(self, x: str, name: str, inside: int, outside: int) -> str:
        weight = self.weight(f"{name}.weight", outside, inside)
        return self.op("Gemm", x, weight, self.weight(f"{name}.bias", outside), transB=1)


def clip_vision(
    path: Path, stored: Mapping[str, Stored], mlp: Mapping[str, NDArray[np.float32]]
) -> tuple[Any, dict[str, Stored]]:
    """CLIP's vision tower with GeoCLIP's ``mlp`` on it, as an ONNX model and its weights.

    Input ``pixel_values`` (N, 3, side, side), output ``image_embeds`` (N, 512), as in the files
    of GeoCLIP that are ONNX already. The sizes are those of the tensors. Raises `CheckpointError`.
    """
    g, v = _Graph(path, stored), "vision_model."
    patches = f"{v}embeddings.patch_embedding.weight"
    width, _, patch, _ = (*g.shape(patches), 0, 0, 0, 0)[:4]
    places = f"{v}embeddings.position_embedding.weight"
    count = g.shape(places)[0]
    side = patch * round((count - 1) ** 0.5)
    layer = re.compile(rf"{re.escape(v)}encoder\.layers\.(\d+)\.mlp\.fc1\.weight")
    layers = [name for name in stored if layer.fullmatch(name)]
    if width % _HEAD_WIDTH or not layers or not patch:
        raise CheckpointError(f"{path}: not CLIP with a vision transformer; expected ViT-L/14")

    g.array("flat", [0, width, -1], np.int64)
    g.array("rows", [-1, width], np.int64)
    g.array("photos", [-1, count, width], np.int64)
    g.array("first", 0, np.int64)
    g.array("one token", [1, 1, width], np.int64)
    x = g.op("Conv", "pixel_values", g.weight(patches, width, 3, patch, patch), strides=[patch] * 2)
    x = g.op("Transpose", g.op("Reshape", x, "flat"), perm=[0, 2, 1])  # (N, 256, 1024)
    token = g.op("Reshape", g.weight(f"{v}embeddings.class_embedding", width), "one token")
    shape = g.op("Concat", g.op("Shape", x, end=1), g.array("1", [1, 1], np.int64), axis=0)
    x = g.op("Concat", g.op("Expand", token, shape), x, axis=1)  # (N, 257, 1024)
    x = g.op("Add", x, g.weight(places, count, width))
    x = g.norm(g.op("Reshape", x, "rows"), f"{v}pre_layrnorm", width)  # (N * 257, 1024)
    for i in range(len(layers)):
        x = _layer(g, x, f"{v}encoder.layers.{i}.", width, last=i == len(layers) - 1)
    x = g.norm(x, f"{v}post_layernorm", width)  # (N, 1024)
    inside = g.shape("visual_projection.weight")[0]
    x = g.op("Gemm", x, g.weight("visual_projection.weight", inside, width), transB=1)
    x = g.op("Gemm", x, *(g.array(f"mlp.0.{k}", mlp[f"0.{k}"]) for k in _PARTS), transB=1)
    x = g.op("Relu", x)
    x = g.op("Gemm", x, *(g.array(f"mlp.2.{k}", mlp[f"2.{k}"]) for k in _PARTS), transB=1)
    g.nodes[-1].output[0] = "image_embeds"
    info = helper.make_tensor_value_info
    inputs = [info("pixel_values", TensorProto.FLOAT, ["N", 3, side, side])]
    outputs = [info("image_embeds", TensorProto.FLOAT, ["N", len(mlp["2.bias"])])]
    graph = helper.make_graph(g.nodes, "geoclip", inputs, outputs, g.small)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_OWN, 1)]
    model = helper.make_model(graph, opset_imports=opsets)
    model.ir_version = 8
    return model, g.taken


def _layer(g: _Graph, x: str, p: str, width: int, *, last: bool) -> str:
    """A layer of the transformer, to (N * 257, 1024); of the last, the first tokens (N, 1024)."""
    h = g.norm(x, f"{p}layer_norm1", width)
    qkv = [g.dense(h, f"{p}self_attn.{k}_proj", width, width) for k in "qkv"]
    qkv = [g.op("Reshape", part, "photos") for part in qkv]
    h = g.op("MultiHeadAttention", *qkv, domain=_OWN, num_heads=width // _HEAD_WIDTH)
    if last:  # nothing else of it is used: 3% less to do
        h, x = (g.op("Gather", k, "first", axis=1) for k in (h, g.op("Reshape", x, "photos")))
    else:
        h = g.op("Reshape", h, "rows")
    x = g.op("Add", x, g.dense(h, f"{p}self_attn.out_proj", width, width))
    wide = g.shape(f"{p}mlp.fc1.weight")[0]
    h = g.dense(g.norm(x, f"{p}layer_norm2", width), f"{p}mlp.fc1", width, wide)
    h = g.op("QuickGelu", h, domain=_OWN, alpha=1.702)
    return g.op("Add", x, g.dense(h, f"{p}mlp.fc2", wide, width))
