"""CLIP's vision transformer and GeoCLIP's head as one ONNX graph, from CLIP's own safetensors.

Sources: Radford et al., "Learning Transferable Visual Models" (arXiv 2103.00020); Dosovitskiy et
al., "An Image is Worth 16x16 Words" (arXiv 2010.11929). For ViT-L/14: N photos of 224 x 224
pixels, 256 patches of 14 x 14, width 1024, 24 layers of 16 heads.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from onnx import helper
from safetensors import SafetensorError, safe_open

from geonb.errors import CheckpointError
from geonb.files import expecting
from geonb.network.onnx_writing import write_graph

_HEAD_WIDTH = 64
"""Numbers to an attention head, in every CLIP; arXiv 2103.00020, table 19."""
_TOWER = "vision_model"
_PATCHES = f"{_TOWER}.embeddings.patch_embedding.weight"
_POSITIONS = f"{_TOWER}.embeddings.position_embedding.weight"
_LAYERS = f"{_TOWER}.encoder.layers"
_PARTS = "weight", "bias"


@contextmanager
def open_safetensors(path: Path) -> Iterator[Any]:
    """The tensors of a file by name, which are read one by one. Raises `CheckpointError`."""
    with (
        expecting(path, "a safetensors file", CheckpointError, SafetensorError, TypeError),
        safe_open(path, "np") as tensors,
    ):
        yield tensors


def write_clip(path: Path, mlp: Mapping[str, NDArray[Any]], folder: Path) -> None:
    """Write CLIP's vision tower with GeoCLIP's ``mlp`` on it as ``model.onnx`` into ``folder``.

    Input ``pixel_values`` (N, 3, side, side), output ``image_embeds`` (N, 512), as in the files
    of GeoCLIP that are ONNX already. The sizes are those of the tensors. Raises `CheckpointError`.
    """
    with open_safetensors(path) as tensors:
        net = _VisionTransformer(path, tensors)
        x = net.encode("pixel_values")  # (N, width)
        x = net.project(x, mlp)  # (N, 512)
        width = mlp["2.bias"].size
    source = "pixel_values", (3, net.side, net.side)
    write_graph(folder, net.nodes, net.arrays.items(), source, [(x, width)])


class _VisionTransformer:
    """The nodes of the graph in order, and the arrays that they need."""

    def __init__(self, path: Path, tensors: Any) -> None:
        self.path, self.tensors, self.names = path, tensors, set(tensors.keys())
        self.nodes: list[Any] = []
        self.arrays: dict[str, NDArray[Any]] = {}
        self.width, _, self.patch, _ = (*self.tensor(_PATCHES).shape, 0, 0, 0, 0)[:4]
        tokens = self.tensor(_POSITIONS).shape[0]  # 257: the class, then every patch
        self.side = self.patch * round(abs(tokens - 1) ** 0.5)
        self.layers = sum(_LAYERS in name and ".mlp.fc1.weight" in name for name in self.names)
        if self.width % _HEAD_WIDTH or not self.layers or not self.patch:
            raise CheckpointError(f"{path}: not CLIP with a vision transformer; expected ViT-L/14")

    def encode(self, pixels: str) -> str:
        """Photos (N, 3, side, side) to (N, width): what the class token says in the end."""
        patches = self.weight(_PATCHES)
        x = self.op("Conv", pixels, patches, strides=[self.patch] * 2)  # (N, width, 16, 16)
        x = self.op("Reshape", x, self.ints(0, self.width, -1))  # (N, width, 256)
        x = self.op("Transpose", x, perm=[0, 2, 1])  # (N, 256, width)
        photos = self.op("Slice", self.op("Shape", x), self.ints(0), self.ints(1))  # N
        shape = self.op("Concat", photos, self.ints(1, self.width), axis=0)
        token = self.weight(f"{_TOWER}.embeddings.class_embedding")
        x = self.op("Concat", self.op("Expand", token, shape), x, axis=1)  # (N, 257, width)
        x = self.op("Add", x, self.weight(_POSITIONS))
        x = self.norm(x, f"{_TOWER}.pre_layrnorm")
        for i in range(self.layers):
            name = f"{_LAYERS}.{i}"
            x = self.op("Add", x, self.attention(self.norm(x, f"{name}.layer_norm1"), name))
            x = self.op("Add", x, self.mlp(self.norm(x, f"{name}.layer_norm2"), name))
        first = self.op("Slice", x, self.ints(0), self.ints(1), self.ints(1))  # (N, 1, width)
        x = self.op("Reshape", first, self.ints(-1, self.width))  # (N, width)
        return self.norm(x, f"{_TOWER}.post_layernorm")

    def attention(self, x: str, name: str) -> str:
        """Every token looks at every other, (N, 257, width) to the same, in each head apart."""
        heads = self.ints(0, 0, self.width // _HEAD_WIDTH, _HEAD_WIDTH)
        query, key, value = (
            self.op("Reshape", self.dense(x, f"{name}.self_attn.{k}_proj"), heads) for k in "qkv"
        )  # each (N, 257, heads, 64)
        query = self.op("Transpose", query, perm=[0, 2, 1, 3])  # (N, heads, 257, 64)
        key = self.op("Transpose", key, perm=[0, 2, 3, 1])  # (N, heads, 64, 257)
        value = self.op("Transpose", value, perm=[0, 2, 1, 3])  # (N, heads, 257, 64)
        query = self.op("Mul", query, self.number(_HEAD_WIDTH**-0.5))
        weights = self.op("Softmax", self.op("MatMul", query, key), axis=-1)  # (…, 257, 257)
        x = self.op("MatMul", weights, value)  # (N, heads, 257, 64)
        x = self.op("Transpose", x, perm=[0, 2, 1, 3])  # (N, 257, heads, 64)
        x = self.op("Reshape", x, self.ints(0, 0, self.width))
        return self.dense(x, f"{name}.self_attn.out_proj")

    def mlp(self, x: str, name: str) -> str:
        """Four times as wide, x * sigmoid(1.702 x), and back."""
        x = self.dense(x, f"{name}.mlp.fc1")  # (N, 257, 4 * width)
        gate = self.op("Sigmoid", self.op("Mul", x, self.number(1.702)))
        return self.dense(self.op("Mul", x, gate), f"{name}.mlp.fc2")

    def project(self, x: str, mlp: Mapping[str, NDArray[Any]]) -> str:
        """CLIP's projection and GeoCLIP's two dense layers: (N, width) to (N, 512)."""
        x = self.op("Gemm", x, self.weight("visual_projection.weight"), transB=1)  # (N, 768)
        self.arrays |= {f"mlp.{k}.{part}": mlp[f"{k}.{part}"] for k in "02" for part in _PARTS}
        x = self.op("Relu", self.op("Gemm", x, "mlp.0.weight", "mlp.0.bias", transB=1))
        self.op("Gemm", x, "mlp.2.weight", "mlp.2.bias", transB=1)
        self.nodes[-1].output[0] = "image_embeds"
        return "image_embeds"

    def norm(self, x: str, name: str) -> str:
        """Mean 0 and variance 1 over the width, then a gain and a shift."""
        parts = (self.weight(f"{name}.{part}") for part in _PARTS)
        return self.op("LayerNormalization", x, *parts, epsilon=1e-5, axis=-1)

    def dense(self, x: str, name: str) -> str:
        """A dense layer on the last axis; the file keeps its weights as (outside, inside)."""
        x = self.op("MatMul", x, self.weight(f"{name}.weight", turned=True))
        return self.op("Add", x, self.weight(f"{name}.bias"))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; the name of what it makes."""
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def ints(self, *values: int) -> str:
        return self.op("Constant", value_ints=values)

    def number(self, value: float) -> str:
        return self.op("Constant", value_float=value)

    def weight(self, name: str, *, turned: bool = False) -> str:
        """A tensor of the file, whose shape ONNX Runtime checks; ``turned`` swaps its two axes."""
        self.arrays[name] = self.tensor(name).T if turned else self.tensor(name)
        return name

    def tensor(self, name: str) -> NDArray[Any]:
        if name not in self.names:
            raise CheckpointError(f"{self.path}: no tensor {name!r}; is it CLIP's whole file?")
        return self.tensors.get_tensor(name)
