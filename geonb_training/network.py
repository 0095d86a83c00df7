"""The pre-activation ResNet of LocationNet, at any depth and width, as an MXNet symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geonb.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

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

BATCH_NORM = {"eps": 2e-5, "momentum": 0.9, "use_global_stats": False}
"""As in LocationNet's own symbol file; like there, arguments that are defaults are spelled out."""


def import_mxnet() -> ModuleType:
    """Give the mxnet module, or raise `MissingDependencyError` that names the command."""
    try:
        import mxnet as mx
    except ModuleNotFoundError as error:
        raise MissingDependencyError("Training a model", "mxnet", "mxnet") from error
    return mx


def resnet(classes: int, units: Sequence[int], filters: Sequence[int]) -> Any:
    """Build the symbol from `data` (N, 3, 224, 224) to `softmax` (N, classes).

    `units` counts the bottleneck units of the four stages; `filters` has one entry more: the
    stem's width first. Node names and arguments are those of LocationNet's symbol file, so
    ``resnet(15_527, **LOCATIONNET)`` is that network. Follows He et al., "Identity Mappings in
    Deep Residual Networks" (2016), and MXNet's own example of it.
    """
    mx = import_mxnet()
    body = _stem(mx, filters[0])
    counter = iter(range(sum(units)))
    for stage, (count, width) in enumerate(zip(units, filters[1:], strict=True), start=1):
        for unit in range(1, count + 1):
            stride = 2 if unit == 1 and stage > 1 else 1
            name = f"stage{stage}_unit{unit}"
            sums = f"_plus{next(counter)}"
            body = _bottleneck(mx, body, name, sums, width, stride, widen=unit == 1)
    return _head(mx, body, classes)


def _stem(mx: ModuleType, width: int) -> Any:
    """Bring (N, 3, 224, 224) down to (N, width, 56, 56)."""
    data = mx.sym.Variable("data")
    body = mx.sym.BatchNorm(data, name="bn_data", fix_gamma=True, **BATCH_NORM)
    body = _convolution(mx, body, "conv0", width, kernel=7, stride=2)  # (N, width, 112, 112)
    body = _norm_relu(mx, body, "bn0", "relu0")
    shape = {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1)}
    return mx.sym.Pooling(
        body,
        name="pooling0",
        pool_type="max",
        global_pool=False,
        pooling_convention="valid",
        **shape,
    )


def _bottleneck(  # noqa: PLR0913
    mx: ModuleType, body: Any, name: str, sums: str, width: int, stride: int, *, widen: bool
) -> Any:
    """Add narrow 1x1, 3x3 and wide 1x1 convolutions of the normed input to the input itself."""
    first = _norm_relu(mx, body, f"{name}_bn1", f"{name}_relu1")
    inner = _convolution(mx, first, f"{name}_conv1", width // 4)
    inner = _norm_relu(mx, inner, f"{name}_bn2", f"{name}_relu2")
    inner = _convolution(mx, inner, f"{name}_conv2", width // 4, kernel=3, stride=stride)
    inner = _norm_relu(mx, inner, f"{name}_bn3", f"{name}_relu3")
    inner = _convolution(mx, inner, f"{name}_conv3", width)
    # The first unit of a stage changes the shape, so its shortcut needs a convolution as well.
    shortcut = _convolution(mx, first, f"{name}_sc", width, stride=stride) if widen else body
    return mx.sym.elemwise_add(inner, shortcut, name=sums)


def _head(mx: ModuleType, body: Any, classes: int) -> Any:
    """Average over the picture and weigh the classes: (N, classes)."""
    body = _norm_relu(mx, body, "bn1", "relu1")
    body = mx.sym.Pooling(
        body,
        name="pool1",
        pool_type="avg",
        global_pool=True,
        kernel=(7, 7),
        stride=(1, 1),
        pad=(0, 0),
        pooling_convention="valid",
    )
    body = mx.sym.Flatten(body, name="flatten0")
    body = mx.sym.FullyConnected(body, name="fc1", num_hidden=classes)
    return mx.sym.SoftmaxOutput(body, name="softmax")


def _norm_relu(mx: ModuleType, body: Any, norm: str, relu: str) -> Any:
    body = mx.sym.BatchNorm(body, name=norm, fix_gamma=False, **BATCH_NORM)
    return mx.sym.Activation(body, name=relu, act_type="relu")


def _convolution(
    mx: ModuleType, body: Any, name: str, width: int, kernel: int = 1, stride: int = 1
) -> Any:
    return mx.sym.Convolution(
        body,
        name=name,
        num_filter=width,
        kernel=(kernel, kernel),
        stride=(stride, stride),
        pad=(kernel // 2, kernel // 2),
        num_group=1,
        dilate=(1, 1),
        no_bias=True,
        cudnn_off=False,
        workspace=512,
    )
