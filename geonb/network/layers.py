"""A network as it was read: its layers, their arrays, and the shapes that follow from them."""

import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geonb.errors import CheckpointError

Shape = tuple[int, ...]
Output = Literal["features", "probabilities"]
"""What a network can be asked for: what its last layer reads, and what it answers."""
INPUT_SHAPE: Shape = (1, 3, 224, 224)
"""One photo, as LocationNet and its family take it."""


@dataclass(frozen=True)
class Layer:
    """One layer, in MXNet's terms."""

    name: str
    op: str  # MXNet's operator, such as Convolution
    inputs: tuple[str, ...]  # the layers (or the network's input) that this one reads
    parameters: tuple[str, ...] = ()  # names of its arrays, such as weight and bias
    attributes: Mapping[str, str] = field(default_factory=dict)  # text, as in the symbol file

    def text(self, name: str, default: str) -> str:
        """An attribute as it stands."""
        return self.attributes.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:  # noqa: FBT001, FBT002
        """An attribute that is True or False (1 or 0 in old files)."""
        return self.text(name, str(default)) in {"True", "true", "1"}

    def numbers(self, name: str) -> Shape:
        """An attribute such as ``(3, 3)``, or a single whole number, as a tuple."""
        return tuple(map(int, re.findall(r"-?\d+", self.text(name, ""))))

    def number(self, name: str, default: float) -> float:
        """An attribute that is one number."""
        return float(self.text(name, str(default)))

    @property
    def window(self) -> tuple[Shape, Shape, Shape, Shape]:
        """Kernel, stride, padding and dilation, each in rows and columns."""
        kernel = self.numbers("kernel")
        ones, zeros = (1,) * len(kernel), (0,) * len(kernel)
        given = self.numbers("stride"), self.numbers("pad"), self.numbers("dilate")
        return kernel, given[0] or ones, given[1] or zeros, given[2] or ones


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network: its layers in order, and their arrays."""

    layers: tuple[Layer, ...]
    arrays: dict[str, NDArray[np.float32]]
    labels: tuple[str, ...] = ()  # the names of the classes, if the file has them

    def checked(self, path: Path) -> "Checkpoint":
        """The network, all of whose arrays are there, of the shapes that the layers need.

        A gamma that MXNet fixes at 1 is 1 then, whatever the file holds; if scores stand in the
        end, as in Gluon's exports, they get a softmax. Raises `CheckpointError`, which names the
        file ``path``.
        """
        if not any(layer.op == "FullyConnected" for layer in self.layers):
            raise CheckpointError(f"{path}: no FullyConnected layer; expected a classifier")
        for name, shape in parameter_shapes(self.layers).items():
            if name not in self.arrays:
                raise CheckpointError(f"{path}: no array {name!r}, which the network needs")
            found = self.arrays[name]
            if found.dtype != np.float32 or found.shape != shape:
                raise CheckpointError(
                    f"{path}: {name!r} has {found.dtype} numbers of shape {found.shape}, the "
                    f"network needs floats of shape {shape}; are the files of the same network?"
                )
        for layer in self.layers:
            if layer.op == "BatchNorm" and layer.flag("fix_gamma", default=True):
                self.arrays[layer.parameters[0]] = np.ones_like(self.arrays[layer.parameters[0]])
        last = self.layers[-1]
        if last.op != "FullyConnected":
            return self
        warn_of_softmax(path)
        softmax = Layer(f"{last.name}_softmax", "SoftmaxOutput", (last.name,))
        return replace(self, layers=(*self.layers, softmax))

    @property
    def last_dense(self) -> tuple[Layer, int]:
        """The layer that weighs the classes, and the width of what it reads."""
        dense = [layer for layer in self.layers if layer.op == "FullyConnected"]
        return dense[-1], self.arrays[dense[-1].parameters[0]].shape[1]


def warn_of_softmax(path: Path) -> None:
    """Say that a network is changed."""
    text = f"{path}: the network ends with scores, not probabilities; geonb adds a softmax"
    warnings.warn(text, stacklevel=2)


_LARGEST = 1 << 28
"""Numbers in one layer's output for one photo, 1 GB: 80 times as many as LocationNet makes."""

Rule = tuple[Shape, tuple[Shape, ...], str, dict[str, Any]]
"""The shapes of a layer's output and of its arrays; ONNX's operator, and its attributes."""


def _convolution(layer: Layer, shape: Shape) -> Rule:
    filters, groups = int(layer.number("num_filter", 0)), int(layer.number("num_group", 1))
    weight = (filters, shape[1] // groups, *layer.numbers("kernel"))
    bias = () if layer.flag("no_bias") else ((filters,),)
    out = (shape[0], filters, *_slide(layer, shape[2:], math.floor))
    return out, (weight, *bias), "Conv", {**_window(layer), "group": groups}


def _slide(layer: Layer, size: Shape, rounded: Callable[[float], int]) -> Shape:
    """Rows and columns after a kernel has slid over ``size``."""
    if not size or max(map(max, layer.window)) >= 1 << 31:
        raise ValueError("its window makes no sense")
    return tuple(
        rounded((s + 2 * p - d * (k - 1) - 1) / t) + 1
        for s, k, t, p, d in zip(size, *layer.window, strict=True)
    )


def _window(layer: Layer) -> dict[str, Shape]:
    kernel, stride, pad, dilate = layer.window
    return {"kernel_shape": kernel, "strides": stride, "pads": pad + pad, "dilations": dilate}


def _pooling(layer: Layer, shape: Shape) -> Rule:
    kind = {"max": "MaxPool", "avg": "AveragePool"}[layer.text("pool_type", "max")]
    if layer.flag("global_pool"):
        return (*shape[:2], 1, 1), (), f"Global{kind}", {}
    full = layer.text("pooling_convention", "valid") == "full"
    attributes: dict[str, Any] = {**_window(layer), "ceil_mode": int(full)}
    del attributes["dilations"]  # MXNet has none; ONNX's average pooling learned them late
    if kind == "AveragePool":
        attributes["count_include_pad"] = int(layer.flag("count_include_pad", default=True))
    out = _slide(layer, shape[2:], math.ceil if full else math.floor)
    return (*shape[:2], *out), (), kind, attributes


def _fully_connected(layer: Layer, shape: Shape) -> Rule:
    hidden = int(layer.number("num_hidden", 0))
    bias = () if layer.flag("no_bias") else ((hidden,),)
    return (shape[0], hidden), ((hidden, math.prod(shape[1:])), *bias), "Gemm", {"transB": 1}


def _add(_: Layer, shape: Shape, other: Shape) -> Rule:
    if other != shape:
        raise ValueError(f"adds shapes {shape} and {other}")
    return shape, (), "Add", {}


def _activation(layer: Layer, shape: Shape) -> Rule:
    kinds = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}
    return shape, (), kinds[layer.text("act_type", "relu")], {}


def _batch_norm(layer: Layer, shape: Shape) -> Rule:
    return shape, (shape[1:2],) * 4, "BatchNormalization", {"epsilon": layer.number("eps", 1e-3)}


_RULES: dict[str, Callable[..., Rule]] = {
    "Activation": _activation,
    "BatchNorm": _batch_norm,
    "Convolution": _convolution,
    "Dropout": lambda _, shape: (shape, (), "Identity", {}),
    "Flatten": lambda _, shape: ((shape[0], math.prod(shape[1:])), (), "Flatten", {}),
    "FullyConnected": _fully_connected,
    "Pooling": _pooling,
    "SoftmaxOutput": lambda _, shape: (shape, (), "Softmax", {"axis": 1}),
    "elemwise_add": _add,
}


def rules(layers: Iterable[Layer]) -> Iterator[tuple[Layer, Rule]]:
    """Each layer with its shapes, for an input of `INPUT_SHAPE`, and its form in ONNX.

    The input's name is ``data``, as in every checkpoint of MXNet's model zoo. Raises
    `CheckpointError` with the layer whose attributes make no sense.
    """
    outputs = {"data": INPUT_SHAPE}
    for layer in layers:
        try:
            rule = _RULES[layer.op](layer, *(outputs[name] for name in layer.inputs))
            if len(rule[1]) != len(layer.parameters):
                raise ValueError(f"arrays: {len(layer.parameters)}, expected {len(rule[1])}")  # noqa: TRY301
            if min(rule[0]) < 1 or math.prod(rule[0]) > _LARGEST:
                raise ValueError(f"its output would have the shape {rule[0]}")  # noqa: TRY301
        except (LookupError, ValueError, TypeError, ArithmeticError) as error:
            raise CheckpointError(
                f"layer {layer.name!r} ({layer.op}) is not supported, or does not fit the layers "
                f"before it: {error}"
            ) from error
        outputs[layer.name] = rule[0]
        yield layer, rule


def parameter_shapes(layers: Iterable[Layer]) -> dict[str, Shape]:
    """The shape of each array that the network needs; see `rules`."""
    return {
        name: shape
        for layer, rule in rules(layers)
        for name, shape in zip(layer.parameters, rule[1], strict=True)
    }
