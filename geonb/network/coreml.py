"""Read a Core ML file, the other form in which LocationNet lives on, into the same layers.

The fields are those of coremltools' NeuralNetwork.proto. MXNet's converter (tools/coreml in its
repository) writes a padding as a layer of its own, and keeps all other names.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.errors import CheckpointError, needing
from geonb.files import expecting
from geonb.network.checkpoint import OneFile
from geonb.network.layers import Checkpoint, Layer

Arrays = dict[str, NDArray[np.float32]]
Converted = tuple[str, dict[str, str], Arrays]
"""MXNet's operator, its attributes and its arrays."""

_RGB = 20  # coremltools' FeatureTypes.proto, ImageFeatureType.ColorSpace
_ACTIVATIONS = {"ReLU": "relu", "sigmoid": "sigmoid", "tanh": "tanh"}
_UNUSED = {
    "add": ["alpha"],
    "batchnorm": ["instanceNormalization", "computeMeanVar"],
    "convolution": ["isDeconvolution"],
    "flatten": ["mode"],
}
"""Fields that MXNet's converter never sets, as MXNet's layers don't do what they say."""


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
            if not (layer.input and layer.output):
                raise ValueError("no input or no output")  # noqa: TRY301
            blobs, made, pad = list(layer.input), layer.output[0], (0, 0)
            params = getattr(layer, kind)
            if used := [field for field in _UNUSED.get(kind, ()) if getattr(params, field)]:
                raise ValueError(", ".join(used))  # noqa: TRY301
            if kind == "padding":
                pads[made] = blobs[0], _padding(params)
                continue
            if blobs[0] in pads:
                blobs[0], pad = pads[blobs[0]]
            op, attributes, found = _KINDS[kind](params)
            inputs = tuple(makers[blob] for blob in blobs)
        except (LookupError, ValueError) as error:
            raise CheckpointError(
                f"{path}: layer {layer.name!r} ({kind}) has {error}, which geonb does not support"
            ) from error
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
    scalers = [step.scaler for step in spec.neuralNetworkClassifier.preprocessing]
    numbers = [(s.channelScale, s.redBias, s.greenBias, s.blueBias, s.grayBias) for s in scalers]
    colours = {feature.type.imageType.colorSpace for feature in spec.description.input}
    if set(numbers) - {(1, 0, 0, 0, 0)} or colours - {0, _RGB}:  # 0: no image
        raise CheckpointError(
            f"{path}: does its own preprocessing, or takes no RGB image (scale and biases "
            f"{numbers}); expected RGB and none inside, as in LocationNet's Core ML file"
        )
    return spec


def _array(weights: Any, *shape: int) -> NDArray[np.float32]:
    if weights.float16Value:
        array = np.frombuffer(weights.float16Value, "<f2").astype(np.float32)
    else:
        array = np.fromiter(weights.floatValue, np.float32, len(weights.floatValue))
    if len(shape) > 4 or array.size != np.prod(shape, dtype=object):
        raise ValueError(f"{array.size:,} weights for the shape {shape!s:.80}")
    return array.reshape(shape)


def _weighted(params: Any, *shape: int) -> Arrays:
    bias = {"bias": _array(params.bias, shape[0])} if params.hasBias else {}
    return {"weight": _array(params.weights, *shape), **bias}


def _padding(params: Any) -> tuple[int, int]:
    """Rows and columns of zeros on each side; they don't change a maximum after a relu."""
    if params.WhichOneof("PaddingType") != "constant" or params.constant.value:
        raise ValueError("padding with other numbers than zero")
    return _borders(params.paddingAmounts)


def _borders(amounts: Any) -> tuple[int, int]:
    edges = [(edge.startEdgeSize, edge.endEdgeSize) for edge in amounts.borderAmounts]
    if any(start != end for start, end in edges):
        raise ValueError(f"uneven padding {edges}")
    rows, columns = [start for start, _ in edges] or (0, 0)
    return rows, columns


def _window(params: Any, pad: Sequence[int]) -> dict[str, str]:
    if params.HasField("same"):
        raise ValueError("padding to the 'same' size")
    stride = tuple(params.stride) or (1, 1)
    return {"kernel": str(tuple(params.kernelSize)), "stride": str(stride), "pad": str(pad)}


def _convolution(params: Any) -> Converted:
    attributes = {
        **_window(params, _borders(params.valid.paddingAmounts)),
        "dilate": str(tuple(params.dilationFactor) or (1, 1)),
        "num_filter": str(params.outputChannels),
        "num_group": str(params.nGroups or 1),
        "no_bias": str(not params.hasBias),
    }
    shape = (params.outputChannels, params.kernelChannels, *params.kernelSize)
    return "Convolution", attributes, _weighted(params, *shape)


def _batch_norm(params: Any) -> Converted:
    parts = {"gamma": "gamma", "beta": "beta", "moving_mean": "mean", "moving_var": "variance"}
    arrays = {key: _array(getattr(params, part), params.channels) for key, part in parts.items()}
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


def _inner_product(params: Any) -> Converted:
    hidden = {"num_hidden": str(params.outputChannels), "no_bias": str(not params.hasBias)}
    return "FullyConnected", hidden, _weighted(params, params.outputChannels, params.inputChannels)


def _activation(params: Any) -> Converted:
    return "Activation", {"act_type": _ACTIVATIONS[params.WhichOneof("NonlinearityType")]}, {}


_KINDS: dict[str, Callable[[Any], Converted]] = {
    "activation": _activation,
    "add": lambda _: ("elemwise_add", {}, {}),
    "batchnorm": _batch_norm,
    "convolution": _convolution,
    "flatten": lambda _: ("Flatten", {}, {}),
    "innerProduct": _inner_product,
    "pooling": _pooling,
    "softmax": lambda _: ("SoftmaxOutput", {}, {}),
}
