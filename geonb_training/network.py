"""The pre-activation ResNet of LocationNet, at any depth and width, layer by layer."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from geonb.errors import TrainingError
from geonb.network.layers import Checkpoint, Layer, parameter_shapes

LOCATIONNET = {"units": (3, 4, 23, 3), "filters": (64, 256, 512, 1024, 2048)}
"""The blog's ResNet-101: 1 + 3 * (3 + 4 + 23 + 3) + 1 = 101 weighted layers, 15,527 classes."""

MINI = {"units": (1, 1, 2, 1), "filters": (16, 32, 64, 160, 320)}
"""The embedded model: 17 weighted layers, under 700,000 parameters, so under 3 MB."""

NETWORKS = {
    "mini": MINI,
    "resnet50": {"units": (3, 4, 6, 3), "filters": (64, 256, 512, 1024, 2048)},
    "resnet101": LOCATIONNET,
}
"""Networks by name, from small to the blog's."""

BATCH_NORM = {"eps": "2e-05", "momentum": "0.9", "use_global_stats": "False"}
"""As in LocationNet's own symbol file; like there, arguments that are defaults are spelled out."""

AUXILIARY = 2
"""A BatchNorm's arrays from this one on are running statistics, which no gradient changes."""


def resnet(classes: int, units: Sequence[int], filters: Sequence[int]) -> tuple[Layer, ...]:
    """The layers from `data` (N, 3, 224, 224) to `softmax` (N, classes).

    `units` counts the bottleneck units of the four stages; `filters` has one entry more: the
    stem's width first. Names and attributes are those of LocationNet's symbol file, so
    ``resnet(15_527, **LOCATIONNET)`` is that network. Follows He et al., "Identity Mappings in
    Deep Residual Networks" (2016), and MXNet's own example of it.
    """
    build = _Builder()
    body = build.norm("bn_data", "data", fix_gamma=True)
    body = build.convolution("conv0", body, filters[0], kernel=7, stride=2)  # (N, ..., 112, 112)
    body = build.norm_relu("bn0", "relu0", body)
    body = build.pool("pooling0", body, "max", kernel=3, stride=2, whole=False)
    for stage, (count, width) in enumerate(zip(units, filters[1:], strict=True), start=1):
        for unit in range(1, count + 1):
            stride = 2 if unit == 1 and stage > 1 else 1
            body = build.bottleneck(f"stage{stage}_unit{unit}", body, width, stride, unit == 1)
    body = build.norm_relu("bn1", "relu1", body)
    body = build.pool("pool1", body, "avg", kernel=7, stride=1, whole=True)
    body = build.add("Flatten", "flatten0", body)
    body = build.dense("fc1", body, classes)
    build.add("SoftmaxOutput", "softmax", body)
    return tuple(build.layers)


class _Builder:
    """Layers in MXNet's order: each after those that it reads."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self._sums = 0

    def add(self, op: str, name: str, *inputs: str, arrays: str = "", **attributes: object) -> str:
        parameters = tuple(f"{name}_{array}" for array in arrays.split())
        texts = {key: str(value) for key, value in attributes.items()}
        self.layers.append(Layer(name, op, inputs, parameters, texts))
        return name

    def norm(self, name: str, body: str, *, fix_gamma: bool = False) -> str:
        arrays = "gamma beta moving_mean moving_var"
        return self.add("BatchNorm", name, body, arrays=arrays, fix_gamma=fix_gamma, **BATCH_NORM)

    def norm_relu(self, norm: str, relu: str, body: str) -> str:
        return self.add("Activation", relu, self.norm(norm, body), act_type="relu")

    def convolution(
        self, name: str, body: str, width: int, kernel: int = 1, stride: int = 1
    ) -> str:
        return self.add(
            "Convolution", name, body, arrays="weight",
            num_filter=width, kernel=(kernel,) * 2, stride=(stride,) * 2, pad=(kernel // 2,) * 2,
            num_group=1, dilate=(1, 1), no_bias=True, cudnn_off=False, workspace=512,
        )  # fmt: skip

    def pool(
        self, name: str, body: str, kind: str, *, kernel: int, stride: int, whole: bool
    ) -> str:
        pad = 0 if whole else kernel // 2
        return self.add(
            "Pooling", name, body, pool_type=kind, global_pool=whole, pooling_convention="valid",
            kernel=(kernel,) * 2, stride=(stride,) * 2, pad=(pad,) * 2,
        )  # fmt: skip

    def dense(self, name: str, body: str, classes: int) -> str:
        return self.add("FullyConnected", name, body, arrays="weight bias", num_hidden=classes)

    def bottleneck(self, name: str, body: str, width: int, stride: int, widen: bool) -> str:  # noqa: FBT001
        """Narrow 1x1, 3x3 and wide 1x1 convolutions of the normed input, added to the input."""
        first = self.norm_relu(f"{name}_bn1", f"{name}_relu1", body)
        inner = self.convolution(f"{name}_conv1", first, width // 4)
        inner = self.norm_relu(f"{name}_bn2", f"{name}_relu2", inner)
        inner = self.convolution(f"{name}_conv2", inner, width // 4, kernel=3, stride=stride)
        inner = self.norm_relu(f"{name}_bn3", f"{name}_relu3", inner)
        inner = self.convolution(f"{name}_conv3", inner, width)
        # The first unit of a stage changes the shape, so its shortcut needs a convolution as well.
        past = self.convolution(f"{name}_sc", first, width, stride=stride) if widen else body
        self._sums += 1
        return self.add("elemwise_add", f"_plus{self._sums - 1}", inner, past)


def fresh(layers: Sequence[Layer], seed: int) -> Checkpoint:
    """The network with weights to begin with: Gaussian, as MXNet's Xavier of fan-in and 2."""
    rng = np.random.default_rng(seed)
    shapes = parameter_shapes(layers)
    arrays = {}
    for layer in layers:
        for i, name in enumerate(layer.parameters):
            shape = shapes[name]
            if layer.op == "BatchNorm":
                arrays[name] = np.full(shape, float(i in {0, 3}), np.float32)  # gamma, variance
            elif i:
                arrays[name] = np.zeros(shape, np.float32)  # bias
            else:
                scale = math.sqrt(2 / math.prod(shape[1:]))
                arrays[name] = np.float32(scale) * rng.standard_normal(shape, np.float32)
    return Checkpoint(tuple(layers), arrays)


def with_classes(start: Checkpoint, classes: int, seed: int) -> Checkpoint:
    """A network to go on with: all but its last layer, which is fresh.

    Raises `TrainingError` for a network that doesn't end in a layer of classes.
    """
    at = max(i for i, layer in enumerate(start.layers) if layer.op == "FullyConnected")
    if {layer.op for layer in start.layers[at + 1 :]} - {"SoftmaxOutput"}:
        raise TrainingError("the network doesn't end in a layer of classes; start from another")
    last = start.layers[at]
    attributes = {**last.attributes, "num_hidden": str(classes)}
    last = Layer(last.name, last.op, last.inputs, last.parameters, attributes)
    layers = (*start.layers[:at], last, *start.layers[at + 1 :])
    arrays = {**start.arrays}
    begun = fresh(layers, seed).arrays
    arrays.update({name: begun[name] for name in last.parameters})
    return Checkpoint(layers, arrays)


def auxiliary(layers: Sequence[Layer]) -> set[str]:
    """Names of the running statistics, which MXNet calls auxiliary."""
    norms = (layer for layer in layers if layer.op == "BatchNorm")
    return {name for norm in norms for name in norm.parameters[AUXILIARY:]}


def misfits(arrays: Mapping[str, NDArray[np.float32]], layers: Sequence[Layer]) -> set[str]:
    """Names of arrays that the network lacks, or has in another shape."""
    shapes = parameter_shapes(layers)
    return {name for name, array in arrays.items() if shapes.get(name) != array.shape}
