"""Turn the layers of a Core ML network into MXNet's, one by one.

The fields are those of coremltools' NeuralNetwork.proto; MXNet's converter (tools/coreml in its
repository) writes a padding as a layer of its own, and keeps all other names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import CheckpointError
from geonb.network.checkpoint import Checkpoint
from geonb.network.layers import Layer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float32]]
    Converted = tuple[str, dict[str, str], Arrays]

_ACTIVATIONS = {"ReLU": "relu", "sigmoid": "sigmoid", "tanh": "tanh"}
_POOLINGS = {0: "max", 1: "avg"}


def convert(path: Path, network: Iterable[Any]) -> Checkpoint:
    """Convert the layers of the file ``path``. Raises `CheckpointError` with the layer."""
    layers: list[Layer] = []
    arrays: Arrays = {}
    makers = {"data": "data"}  # which layer makes each blob
    pads: dict[str, tuple[str, tuple[int, int]]] = {}  # a padded blob: of which, by how much
    for layer in network:
        kind = layer.WhichOneof("layer")
        blobs, pad = list(layer.input), (0, 0)
        try:
            if kind == "padding":
                pads[layer.output[0]] = (blobs[0], _padding(layer.padding))
                continue
            if blobs[0] in pads:
                blobs[0], pad = pads[blobs[0]]
            op, attributes, found = _KINDS[kind](getattr(layer, kind))
            if any(pad):
                attributes["pad"] = str(pad)
            name = layer.name.removesuffix("_output")
            names = tuple(f"{name}_{part}" for part in found)
            inputs = tuple(makers[blob] for blob in blobs)
        except KeyError as error:
            raise CheckpointError(
                f"{path}: layer {layer.name!r} ({kind}) has {error}, which geonb does not support"
            ) from error
        except ValueError as error:
            raise CheckpointError(f"{path}: layer {layer.name!r} ({kind}) {error}") from error
        layers.append(Layer(name, op, inputs, names, attributes))
        arrays.update(zip(names, found.values(), strict=True))
        makers[layer.output[0]] = name
    return Checkpoint(tuple(layers), arrays)


def _array(weights: Any, shape: Sequence[int]) -> NDArray[np.float32]:
    if weights.HasField("quantization"):
        raise ValueError("has quantised weights, expected float32 or float16")
    if weights.float16Value:
        array = np.frombuffer(weights.float16Value, "<f2").astype(np.float32)
    else:
        array = np.fromiter(weights.floatValue, np.float32, len(weights.floatValue))
    if array.size != np.prod(shape, dtype=object):
        raise ValueError(f"has {array.size:,} weights, expected the shape {tuple(shape)}")
    return array.reshape(shape)


def _padding(params: Any) -> tuple[int, int]:
    """Rows and columns of zeros on each side; a maximum after a relu takes them for nothing."""
    if params.WhichOneof("PaddingType") != "constant" or params.constant.value:
        raise ValueError("pads with something else than zeros")
    return _borders(params.paddingAmounts)


def _borders(amounts: Any) -> tuple[int, int]:
    edges = [(edge.startEdgeSize, edge.endEdgeSize) for edge in amounts.borderAmounts]
    if any(start != end for start, end in edges):
        raise ValueError(f"pads unevenly: {edges}")
    rows, columns = [start for start, _ in edges] or (0, 0)
    return rows, columns


def _window(params: Any, pad: tuple[int, int]) -> dict[str, str]:
    if params.HasField("same"):
        raise ValueError("pads to the 'same' size, expected amounts")
    stride = tuple(params.stride) or (1, 1)
    return {"kernel": str(tuple(params.kernelSize)), "stride": str(stride), "pad": str(pad)}


def _convolution(params: Any) -> Converted:
    if params.isDeconvolution:
        raise ValueError("is a deconvolution, expected a convolution")
    shape = (params.outputChannels, params.kernelChannels, *params.kernelSize)
    attributes = {
        **_window(params, _borders(params.valid.paddingAmounts)),
        "dilate": str(tuple(params.dilationFactor) or (1, 1)),
        "num_filter": str(params.outputChannels),
        "num_group": str(params.nGroups or 1),
        "no_bias": str(not params.hasBias),
    }
    return "Convolution", attributes, _weight_and_bias(params, shape)


def _weight_and_bias(params: Any, shape: Sequence[int]) -> Arrays:
    bias = {"bias": _array(params.bias, shape[:1])} if params.hasBias else {}
    return {"weight": _array(params.weights, shape), **bias}


def _batch_norm(params: Any) -> Converted:
    if params.instanceNormalization or params.computeMeanVar:
        raise ValueError("works out mean and variance by itself, expected fixed ones")
    parts = {"gamma": "gamma", "beta": "beta", "moving_mean": "mean", "moving_var": "variance"}
    arrays = {key: _array(getattr(params, part), (params.channels,)) for key, part in parts.items()}
    # The converter has stored a gamma of 1 wherever MXNet fixes it.
    return "BatchNorm", {"eps": repr(params.epsilon), "fix_gamma": "False"}, arrays


def _activation(params: Any) -> Converted:
    kind = _ACTIVATIONS[params.WhichOneof("NonlinearityType")]
    return "Activation", {"act_type": kind}, {}


def _pooling(params: Any) -> Converted:
    full = params.HasField("includeLastPixel")
    amounts = params.includeLastPixel.paddingAmounts
    pad = tuple(amounts) or (0, 0) if full else _borders(params.valid.paddingAmounts)
    attributes = {
        **_window(params, (pad[0], pad[1])),
        "pool_type": _POOLINGS[params.type],
        "global_pool": str(params.globalPooling),
        "pooling_convention": "full" if full else "valid",
        "count_include_pad": str(not params.avgPoolExcludePadding),
    }
    return "Pooling", attributes, {}


def _add(params: Any) -> Converted:
    if params.alpha:
        raise ValueError(f"adds the number {params.alpha}, expected two layers")
    return "elemwise_add", {}, {}


def _flatten(params: Any) -> Converted:
    if params.mode:
        raise ValueError("flattens channels last, expected channels first")
    return "Flatten", {}, {}


def _inner_product(params: Any) -> Converted:
    shape = (params.outputChannels, params.inputChannels)
    hidden = {"num_hidden": str(params.outputChannels), "no_bias": str(not params.hasBias)}
    return "FullyConnected", hidden, _weight_and_bias(params, shape)


_KINDS: dict[str, Callable[[Any], Converted]] = {
    "activation": _activation,
    "add": _add,
    "batchnorm": _batch_norm,
    "convolution": _convolution,
    "flatten": _flatten,
    "innerProduct": _inner_product,
    "pooling": _pooling,
    "softmax": lambda _: ("SoftmaxOutput", {}, {}),
}
