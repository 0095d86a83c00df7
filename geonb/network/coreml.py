"""Read a Core ML file, the other form in which LocationNet lives on, into the same layers.

The fields are those of coremltools' NeuralNetwork.proto. MXNet's converter (tools/coreml in its
repository) writes a padding as a layer of its own, and keeps all other names.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import CheckpointError, needing
from geonb.files import expecting
from geonb.network.checkpoint import OneFile
from geonb.network.layers import Checkpoint, Layer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float32]]
    Converted = tuple[str, dict[str, str], Arrays]

_RGB = 20  # coremltools' FeatureTypes.proto, ImageFeatureType.ColorSpace
_ACTIVATIONS = {"ReLU": "relu", "sigmoid": "sigmoid", "tanh": "tanh"}


class CoremlFile(OneFile):
    """Core ML's form."""

    def read(self) -> Checkpoint:
        """See `read_coreml`."""
        return read_coreml(self.path)


def read_coreml(path: Path) -> Checkpoint:
    """Read the layers, arrays and labels of a Core ML classifier that was converted from MXNet.

    It takes what the MXNet files take: RGB with the mean subtracted outside, as the converter
    puts no mean inside. Raises `CheckpointError`, also if a file does its own preprocessing.
    """
    network = _load(path).neuralNetworkClassifier
    layers: list[Layer] = []
    arrays: Arrays = {}
    makers = {"data": "data"}  # which layer makes each blob
    pads: dict[str, tuple[str, tuple[int, int]]] = {}  # a padded blob: of which, by how much
    for layer in network.layers:
        kind = layer.WhichOneof("layer")
        try:
            blobs, made, pad = list(layer.input), layer.output[0], (0, 0)
            if kind == "padding":
                pads[made] = blobs[0], _padding(layer.padding)
                continue
            if blobs[0] in pads:
                blobs[0], pad = pads[blobs[0]]
            op, attributes, found = _KINDS[kind](getattr(layer, kind))
            inputs = tuple(makers[blob] for blob in blobs)
        except (LookupError, ValueError) as error:
            reason = str(error)
            if isinstance(error, LookupError):
                unknown = f"has {error}, which geonb does not support"
                reason = unknown if isinstance(error, KeyError) else "has no input or no output"
            raise CheckpointError(f"{path}: layer {layer.name!r} ({kind}) {reason}") from error
        if any(pad):
            attributes["pad"] = str(pad)
        makers[made] = name = layer.name.removesuffix("_output")
        names = tuple(f"{name}_{part}" for part in found)
        layers.append(Layer(name, op, inputs, names, attributes))
        arrays.update(zip(names, found.values(), strict=True))
    labels = tuple(network.stringClassLabels.vector)
    return Checkpoint(tuple(layers), arrays, labels).checked(path)


def _load(path: Path) -> Any:
    """The file's specification, with the contract of the input: nothing is changed inside."""
    logger = logging.getLogger("coremltools")
    level = logger.level
    logger.setLevel(logging.ERROR)  # off macOS, it complains that it cannot run models
    try:
        with needing("a Core ML file", "coremltools", "coreml"):
            from coremltools.models.utils import load_spec
    finally:
        logger.setLevel(level)
    from google.protobuf.message import DecodeError

    with expecting(path, "a Core ML file", CheckpointError, DecodeError):
        spec = load_spec(str(path))
    kind = spec.WhichOneof("Type")
    if kind != "neuralNetworkClassifier":
        raise CheckpointError(f"{path}: holds a {kind}, expected a neuralNetworkClassifier")
    for step in spec.neuralNetworkClassifier.preprocessing:
        scaler = step.scaler
        biases = (scaler.redBias, scaler.greenBias, scaler.blueBias, scaler.grayBias)
        scaled = any(biases) or scaler.channelScale != 1
        if scaled or step.WhichOneof("preprocessor") == "meanImage":
            raise CheckpointError(
                f"{path}: does its own preprocessing (scale {scaler.channelScale}, biases "
                f"{biases}); expected none inside, as in LocationNet's Core ML file"
            )
    for feature in spec.description.input:
        image = feature.type.WhichOneof("Type") == "imageType"
        if image and feature.type.imageType.colorSpace != _RGB:
            raise CheckpointError(f"{path}: its input {feature.name!r} is not an RGB image")
    return spec


def _array(weights: Any, shape: Sequence[int]) -> NDArray[np.float32]:
    if weights.HasField("quantization"):
        raise ValueError("has quantised weights, expected float32 or float16")
    if weights.float16Value:
        array = np.frombuffer(weights.float16Value, "<f2").astype(np.float32)
    else:
        array = np.fromiter(weights.floatValue, np.float32, len(weights.floatValue))
    if len(shape) > 4 or array.size != np.prod(shape, dtype=object):
        raise ValueError(f"has {array.size:,} weights, expected the shape {tuple(shape)!s:.80}")
    return array.reshape(shape)


def _padding(params: Any) -> tuple[int, int]:
    """Rows and columns of zeros on each side; they don't change a maximum after a relu."""
    if params.WhichOneof("PaddingType") != "constant" or params.constant.value:
        raise ValueError("pads with something else than zeros")
    return _borders(params.paddingAmounts)


def _borders(amounts: Any) -> tuple[int, int]:
    edges = [(edge.startEdgeSize, edge.endEdgeSize) for edge in amounts.borderAmounts]
    if any(start != end for start, end in edges):
        raise ValueError(f"pads unevenly: {edges}")
    rows, columns = [start for start, _ in edges] or (0, 0)
    return rows, columns


def _window(params: Any, pad: tuple[int, ...]) -> dict[str, str]:
    if params.HasField("same"):
        raise ValueError("pads to the 'same' size, expected amounts")
    stride = tuple(params.stride) or (1, 1)
    return {"kernel": str(tuple(params.kernelSize)), "stride": str(stride), "pad": str(pad)}


def _weighted(params: Any, shape: Sequence[int]) -> Arrays:
    bias = {"bias": _array(params.bias, shape[:1])} if params.hasBias else {}
    return {"weight": _array(params.weights, shape), **bias}


def _convolution(params: Any) -> Converted:
    if params.isDeconvolution:
        raise ValueError("is a deconvolution, expected a convolution")
    attributes = {
        **_window(params, _borders(params.valid.paddingAmounts)),
        "dilate": str(tuple(params.dilationFactor) or (1, 1)),
        "num_filter": str(params.outputChannels),
        "num_group": str(params.nGroups or 1),
        "no_bias": str(not params.hasBias),
    }
    shape = (params.outputChannels, params.kernelChannels, *params.kernelSize)
    return "Convolution", attributes, _weighted(params, shape)


def _batch_norm(params: Any) -> Converted:
    if params.instanceNormalization or params.computeMeanVar:
        raise ValueError("works out mean and variance by itself, expected fixed ones")
    parts = {"gamma": "gamma", "beta": "beta", "moving_mean": "mean", "moving_var": "variance"}
    arrays = {key: _array(getattr(params, part), (params.channels,)) for key, part in parts.items()}
    # The converter has stored a gamma of 1 wherever MXNet fixes it.
    return "BatchNorm", {"eps": repr(params.epsilon), "fix_gamma": "False"}, arrays


def _pooling(params: Any) -> Converted:
    full = params.HasField("includeLastPixel")
    amounts = tuple(params.includeLastPixel.paddingAmounts) or (0, 0)
    attributes = {
        **_window(params, amounts[:2] if full else _borders(params.valid.paddingAmounts)),
        "pool_type": {0: "max", 1: "avg"}[params.type],
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
    return "FullyConnected", hidden, _weighted(params, shape)


_KINDS: dict[str, Callable[[Any], Converted]] = {
    "activation": lambda params: (
        "Activation",
        {"act_type": _ACTIVATIONS[params.WhichOneof("NonlinearityType")]},
        {},
    ),
    "add": _add,
    "batchnorm": _batch_norm,
    "convolution": _convolution,
    "flatten": _flatten,
    "innerProduct": _inner_product,
    "pooling": _pooling,
    "softmax": lambda _: ("SoftmaxOutput", {}, {}),
}
