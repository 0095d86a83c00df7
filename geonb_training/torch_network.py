"""A network of MXNet's layers as a PyTorch module, with the arrays under their names."""

from collections.abc import Callable

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.functional import conv2d
from torch.nn.modules.batchnorm import _BatchNorm

from geonb.errors import CheckpointError
from geonb.network.layers import Checkpoint, Layer, Shape, parameter_shapes


class TorchNetwork(nn.Module):
    """Maps photos (N, 3, 224, 224) to logits (N, classes): the network up to its softmax.

    Raises `CheckpointError` for a layer that isn't supported.
    """

    def __init__(self, start: Checkpoint) -> None:
        super().__init__()
        self.layers = tuple(layer for layer in start.layers if layer.op != "SoftmaxOutput")
        shapes = parameter_shapes(self.layers)
        self.parts = nn.ModuleDict({layer.name: _part(layer, shapes) for layer in self.layers})
        with torch.no_grad():
            for name, tensor in self.tensors().items():
                tensor.copy_(torch.tensor(start.arrays[name]))

    def forward(self, data: Tensor) -> Tensor:
        """Run layer by layer, and forget each output when nothing reads it any more."""
        last = {name: layer.name for layer in self.layers for name in layer.inputs}
        known = {"data": data}
        for layer in self.layers:
            inputs = [known[name] for name in layer.inputs]
            known[layer.name] = self.parts[layer.name](*inputs)
            for name in layer.inputs:
                if last[name] == layer.name:
                    known.pop(name, None)
        return known[self.layers[-1].name]

    def tensors(self) -> dict[str, Tensor]:
        """The arrays by name, in the order of the layers."""
        kinds = {
            "BatchNorm": ("weight", "bias", "running_mean", "running_var"),
            "Convolution": ("weight", "bias"),
            "FullyConnected": ("weight", "bias"),
        }
        return {
            name: getattr(self.parts[layer.name], kind)
            for layer in self.layers
            for name, kind in zip(layer.parameters, kinds.get(layer.op, ()), strict=False)
        }


class BatchNorm(_BatchNorm):
    """Batch normalisation over the photos of all processes, so that their number changes nothing.

    torch's own SyncBatchNorm does the same, on GPUs only.
    """

    def _check_input_dim(self, _: Tensor) -> None:
        """Any shape will do."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  (torch's name)
        """Normalise (N, C, …) by the mean and variance of each of C, of this batch in training."""
        if not self.training or not distributed.is_initialized():
            return super().forward(input)
        axes = [axis for axis in range(input.ndim) if axis != 1]
        shape = [1, -1] + [1] * (input.ndim - 2)
        workers = distributed.get_world_size()
        mean = all_reduce(input.mean(axes)) / workers
        centred = input - mean.view(shape)
        variance = all_reduce(centred.square().mean(axes)) / workers
        count = workers * input.numel() // input.shape[1]
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scaled = centred * (variance + self.eps).rsqrt().view(shape)
        return scaled * self.weight.view(shape) + self.bias.view(shape)


class Convolution(nn.Conv2d):
    """A convolution that first drops the pixels that a stride of 1 x 1 skips.

    With channels last and few channels, oneDNN 3.12 (PyTorch 2.13) writes past its memory when it
    goes back through such a stride.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Convolve (N, C, H, W)."""
        if self.kernel_size != (1, 1) or self.padding != (0, 0):
            return super().forward(input)
        down, along = self.stride
        seen = input[:, :, ::down, ::along]
        return conv2d(seen, self.weight, self.bias, groups=self.groups)


class Dense(nn.Linear):
    """A dense layer that flattens what it reads, as MXNet's does."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Weigh (N, …) to (N, classes)."""
        return super().forward(input.flatten(1))


class Sum(nn.Module):
    """The sum of two layers."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """Add (N, …) to the same."""
        return one + other


def _part(layer: Layer, shapes: dict[str, Shape]) -> nn.Module:
    try:
        return _PARTS[layer.op](layer, [shapes[name] for name in layer.parameters])
    except (LookupError, ValueError) as error:
        raise CheckpointError(
            f"layer {layer.name!r} ({layer.op}) has {error}, which can't be trained in PyTorch"
        ) from error


def _convolution(layer: Layer, shapes: list[Shape]) -> nn.Module:
    groups = int(layer.number("num_group", 1))
    outside, inside, *kernel = shapes[0]
    return Convolution(
        inside * groups, outside, (kernel[0], kernel[1]), groups=groups, bias=len(shapes) > 1,
        stride=layer.numbers("stride") or 1, padding=layer.numbers("pad") or 0,
        dilation=layer.numbers("dilate") or 1,
    )  # fmt: skip


def _pooling(layer: Layer, _: list[Shape]) -> nn.Module:
    kind = layer.text("pool_type", "max")
    if layer.flag("global_pool"):
        return {"max": nn.AdaptiveMaxPool2d, "avg": nn.AdaptiveAvgPool2d}[kind](1)
    kernel, stride = layer.numbers("kernel"), layer.numbers("stride") or 1
    pad, ceil = layer.numbers("pad") or 0, layer.text("pooling_convention", "valid") == "full"
    if kind == "max":
        return nn.MaxPool2d(kernel, stride, pad, ceil_mode=ceil)
    counted = layer.flag("count_include_pad", default=True)
    return {"avg": nn.AvgPool2d}[kind](kernel, stride, pad, ceil, counted)


def _batch_norm(layer: Layer, shapes: list[Shape]) -> nn.Module:
    momentum = 1 - layer.number("momentum", 0.9)
    norm = BatchNorm(shapes[0][0], layer.number("eps", 1e-3), momentum)
    if layer.flag("fix_gamma", default=True):
        norm.weight.requires_grad_(requires_grad=False)
    return norm


def _dense(_: Layer, shapes: list[Shape]) -> nn.Module:
    return Dense(shapes[0][1], shapes[0][0], bias=len(shapes) > 1)


_ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
_PARTS: dict[str, Callable[[Layer, list[Shape]], nn.Module]] = {
    "Activation": lambda layer, _: _ACTIVATIONS[layer.text("act_type", "relu")](),
    "BatchNorm": _batch_norm,
    "Convolution": _convolution,
    "Dropout": lambda layer, _: nn.Dropout(layer.number("p", 0.5)),
    "Flatten": lambda _, __: nn.Flatten(),
    "FullyConnected": _dense,
    "Pooling": _pooling,
    "elemwise_add": lambda _, __: Sum(),
}
