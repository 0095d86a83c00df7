"""Write networks of LocationNet's family, with random weights, without MXNet."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.earth import outlines, s2
from geonb.earth.cells import CELLS_FILE, Cells
from geonb.network.checkpoint import MxnetFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

FULL_SIZE: dict[str, Any] = {
    "units": (3, 4, 23, 3),
    "filters": (64, 256, 512, 1024, 2048),
    "bottleneck": True,
    "classes": 15_527,
    "name": "RN101-5k500",
}
"""LocationNet's own shape, node for node: 74,405,235 parameters."""
_BATCH_NORM = {"eps": "2e-05", "momentum": "0.9", "use_global_stats": "False"}
_ATTRIBUTES = {"cudnn_off": "False", "dilate": "(1,1)", "num_group": "1", "workspace": "512"}


def write_network(
    folder: Path,
    *,
    units: tuple[int, ...] = (1, 1),
    filters: tuple[int, ...] = (8, 16, 32),
    bottleneck: bool = False,
    classes: int = 40,
    seed: int = 0,
    name: str = "tiny",
    epoch: int = 12,
    layout: str = "v2",
    attribute_key: str = "attr",
) -> MxnetFiles:
    """Write symbol, params and cells of a pre-activation ResNet for (N, 3, 224, 224).

    ``filters`` has one number for the stem, then one a stage. ``layout`` is that of the arrays
    (``v2``, ``v1``, ``legacy``), ``attribute_key`` the one of the symbol (``attrs``, or ``attr``
    of the files before MXNet 0.13). Weights are He-scaled and the moving variances
    follow from them, so that the answers are neither NaN nor one-hot.
    """
    graph = _Graph()
    graph.resnet(units, filters, classes, deep=bottleneck)
    folder.mkdir(parents=True, exist_ok=True)
    files = MxnetFiles(folder / f"{name}-symbol.json", folder / f"{name}-{epoch:04}.params")
    files.symbol.write_text(json.dumps(graph.symbol(attribute_key), indent=2))
    write_params(files.params, graph.arrays(seed), layout)
    make_cells(classes, seed).write(folder / CELLS_FILE)
    return files


class _Graph:
    """A symbol, layer by layer; ``shapes`` and ``scales`` say how to draw each array."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.index: dict[str, int] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.scales: dict[str, float] = {}
        self.spread: dict[str, float] = {"data": 3600.0}  # a photo's variance, in grey levels
        self.node("null", "data")

    def node(self, op: str, name: str, inputs: tuple[str, ...] = (), **attributes: str) -> str:
        entry = {"op": op, "name": name, "inputs": [[self.index[i], 0, 0] for i in inputs]}
        self.nodes.append(entry | ({"attr": attributes} if attributes else {}))
        self.index[name] = len(self.nodes) - 1
        return name

    def array(self, name: str, shape: tuple[int, ...], scale: float, **attributes: str) -> str:
        self.shapes[name], self.scales[name] = shape, scale
        return self.node("null", name, **attributes)

    def batch_norm(self, name: str, above: str, width: int, *, fixed: bool = False) -> str:
        attributes = {**_BATCH_NORM, "fix_gamma": str(fixed)}
        parts = [
            self.array(f"{name}_gamma", (width,), 0.1),
            self.array(f"{name}_beta", (width,), 0.1),
            self.array(f"{name}_moving_mean", (width,), 0.1, **attributes),
            self.array(f"{name}_moving_var", (width,), self.spread[above], **attributes),
        ]
        self.spread[name] = 1.0
        return self.node("BatchNorm", name, (above, *parts), **attributes)

    def convolution(
        self, name: str, above: str, size: tuple[int, int, int], stride: int = 1
    ) -> str:
        inside, outside, kernel = size
        fan_in = inside * kernel**2
        shape = (outside, inside, kernel, kernel)
        weight = self.array(f"{name}_weight", shape, (2 / fan_in) ** 0.5)
        self.spread[name] = 1.0
        window = {"kernel": kernel, "pad": kernel // 2, "stride": stride}
        pairs = {key: f"({value},{value})" for key, value in window.items()}
        rest = {**_ATTRIBUTES, "no_bias": "True", "num_filter": str(outside)}
        return self.node("Convolution", name, (above, weight), **pairs, **rest)

    def relu(self, name: str, above: str) -> str:
        return self.node("Activation", name, (above,), act_type="relu")

    def pool(self, name: str, above: str, kind: str, kernel: int, pad: int) -> str:
        stride = 2 if kind == "max" else 1
        window = {"kernel": kernel, "pad": pad, "stride": stride}
        pairs = {key: f"({value},{value})" for key, value in window.items()}
        rest = {"global_pool": str(kind == "avg"), "pooling_convention": "valid"}
        self.spread[name] = 0.5
        return self.node("Pooling", name, (above,), pool_type=kind, **pairs, **rest)

    def unit(self, prefix: str, above: str, width: tuple[int, int], stride: int, *, deep: bool):
        """Two convolutions (three, the outer ones 1x1, where deep) around a way past them."""
        inside, outside = width
        narrow = outside // 4
        plan = (
            [(inside, narrow, 1, 1), (narrow, narrow, 3, stride), (narrow, outside, 1, 1)]
            if deep
            else [(inside, outside, 3, stride), (outside, outside, 3, 1)]
        )
        last, first = above, ""
        for i, (a, b, kernel, step) in enumerate(plan, start=1):
            norm = self.batch_norm(f"{prefix}_bn{i}", last, a)
            active = self.relu(f"{prefix}_relu{i}", norm)
            first = first or active
            last = self.convolution(f"{prefix}_conv{i}", active, (a, b, kernel), step)
        if prefix.endswith("unit1"):
            above = self.convolution(f"{prefix}_sc", first, (inside, outside, 1), stride)
        name = f"_plus{sum(node['op'] == 'elemwise_add' for node in self.nodes)}"
        self.spread[name] = self.spread[last] + self.spread[above]
        return self.node("elemwise_add", name, (last, above))

    def resnet(
        self, units: tuple[int, ...], filters: tuple[int, ...], classes: int, *, deep: bool
    ) -> None:
        last = self.batch_norm("bn_data", "data", 3, fixed=True)
        last = self.convolution("conv0", last, (3, filters[0], 7), 2)
        last = self.relu("relu0", self.batch_norm("bn0", last, filters[0]))
        last = self.pool("pooling0", last, "max", 3, 1)
        width = filters[0]
        for stage, (count, wide) in enumerate(zip(units, filters[1:], strict=True), start=1):
            for unit in range(1, count + 1):
                stride = 2 if unit == 1 and stage > 1 else 1
                prefix = f"stage{stage}_unit{unit}"
                last = self.unit(prefix, last, (width, wide), stride, deep=deep)
                width = wide
        last = self.relu("relu1", self.batch_norm("bn1", last, width))
        last = self.node("Flatten", "flatten0", (self.pool("pool1", last, "avg", 7, 0),))
        hidden = {"num_hidden": str(classes)}
        weight = self.array("fc1_weight", (classes, width), (2 / width) ** 0.5, **hidden)
        bias = self.array("fc1_bias", (classes,), 0.1, **hidden)
        last = self.node("FullyConnected", "fc1", (last, weight, bias), **hidden)
        self.node("SoftmaxOutput", "softmax", (last, self.node("null", "softmax_label")))

    def arrays(self, seed: int) -> Iterator[tuple[str, np.ndarray]]:
        """Every array in turn, so that a full-size network need not fit into memory."""
        draw = np.random.default_rng(seed)
        for name, shape in self.shapes.items():
            scale = self.scales[name]
            noise = draw.standard_normal(shape, np.float32)
            if name.endswith("gamma"):
                array = 1 + np.float32(scale) * noise
            elif name.endswith("moving_var"):
                array = np.float32(scale) * np.exp(np.float32(0.1) * noise)
            else:
                array = np.float32(scale) * noise
            yield f"{'aux' if '_moving_' in name else 'arg'}:{name}", array

    def symbol(self, key: str) -> dict[str, Any]:
        nodes = [_rekeyed(node, key) for node in self.nodes]
        return {
            "nodes": nodes,
            "arg_nodes": [i for i, node in enumerate(nodes) if node["op"] == "null"],
            "heads": [[len(nodes) - 1, 0, 0]],
            "attrs": {"mxnet_version": ["int", 904 if key == "attr" else 10901]},
        }


def _rekeyed(node: Mapping[str, Any], key: str) -> dict[str, Any]:
    attributes = {key: node["attr"]} if "attr" in node else {}
    return {k: v for k, v in node.items() if k != "attr"} | attributes


def edit_symbol(files: MxnetFiles, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Write a network's symbol anew, with its nodes as ``change`` leaves them."""
    graph = json.loads(files.symbol.read_text())
    change(graph["nodes"])
    files.symbol.write_text(json.dumps(graph))


def write_params(path: Path, arrays: Iterator[tuple[str, np.ndarray]], layout: str = "v2") -> None:
    """Write named arrays in one of the layouts of MXNet's ``src/ndarray/ndarray.cc``."""
    names = []
    with path.open("wb") as file:
        file.write(struct.pack("<QQQ", 0x112, 0, 0))
        for name, array in arrays:
            names.append(name.encode())
            n, shape = array.ndim, array.shape
            head = {
                "v2": lambda n=n, s=shape: struct.pack(f"<IiI{n}q", 0xF993FAC9, 0, n, *s),
                "v1": lambda n=n, s=shape: struct.pack(f"<II{n}q", 0xF993FAC8, n, *s),
                "legacy": lambda n=n, s=shape: struct.pack(f"<I{n}I", n, *s),
            }[layout]()
            file.write(head + struct.pack("<iii", 1, 0, 0))
            file.write(np.ascontiguousarray(array, "<f4").data)
        file.write(struct.pack("<Q", len(names)))
        for name in names:
            file.write(struct.pack("<Q", len(name)) + name)
        file.seek(16)
        file.write(struct.pack("<Q", len(names)))


def make_cells(count: int, seed: int = 0) -> Cells:
    """``count`` S2 cells of one level, all over the world, in no order, each with its middle."""
    level = next(level for level in range(31) if 6 * 4**level >= count)
    positions = np.linspace(0, 6 * 4**level - 1, count).astype(np.uint64)
    shift = np.uint64(61 - 2 * level)
    ids = (positions << shift) | (np.uint64(1) << (shift - np.uint64(1)))
    ids = np.random.default_rng(seed).permutation(ids)
    corners = outlines.rings(ids)
    middles = (corners / np.linalg.norm(corners, axis=-1, keepdims=True)).mean(axis=1)
    return Cells(ids, s2.to_degrees(middles))
