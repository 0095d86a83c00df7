"""Read a Core ML file, the other form in which LocationNet lives on: the same arrays, elsewhere.

The fields are those of coremltools' NeuralNetwork.proto. MXNet's converter (tools/coreml in its
repository) kept all names, so that MXNet's symbol file says what the network does.
"""

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.errors import CheckpointError, needing
from geonb.files import expecting
from geonb.network.checkpoint import SYMBOL, OneFile
from geonb.network.layers import Checkpoint, parameter_shapes
from geonb.network.mxnet_files import read_symbol

_LOCATIONNET = Path(__file__).parents[1] / f"data/locationnet/RN101-5k500{SYMBOL}"
_RGB = 20  # coremltools' FeatureTypes.proto, ImageFeatureType.ColorSpace
_WEIGHED = {"batchnorm", "convolution", "innerProduct"}
"""Layers with arrays, and below MXNet's names of these, and Core ML's."""
_PARTS = {
    "weight": "weights", "bias": "bias", "gamma": "gamma", "beta": "beta",
    "moving_mean": "mean", "moving_var": "variance",
}  # fmt: skip


class CoremlFile(OneFile):
    """Core ML's form, with MXNet's symbol file beside it; without one, it is LocationNet."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file, and the symbol file."""
        beside = list(self.path.parent.glob(f"*{SYMBOL}"))
        return self.path, beside[0] if len(beside) == 1 else _LOCATIONNET

    def read(self) -> Checkpoint:
        """Read the layers, and the arrays in the shapes that these need.

        Raises `CheckpointError`, also if the file does its own preprocessing: the converter puts
        no mean inside.
        """
        layers, network, arrays = read_symbol(self.paths[1]), _load(self.path), {}
        with expecting(self.path, "a Core ML file", CheckpointError):
            for layer in network.layers:
                kind, name = layer.WhichOneof("layer"), layer.name.removesuffix("_output")
                for part, field in _PARTS.items() if kind in _WEIGHED else ():
                    if weights := getattr(getattr(layer, kind), field, None):
                        arrays[f"{name}_{part}"] = _numbers(weights)
        for name, shape in parameter_shapes(layers).items():
            if name in arrays and arrays[name].size == math.prod(shape):
                arrays[name] = arrays[name].reshape(shape)
        labels = tuple(network.stringClassLabels.vector)
        return Checkpoint(layers, arrays, labels).checked(self.path)


def _load(path: Path) -> Any:
    """The file's network, whose input is RGB with the mean subtracted outside."""
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
    network = spec.neuralNetworkClassifier
    scalers = [step.scaler for step in network.preprocessing]
    numbers = [(s.channelScale, s.redBias, s.greenBias, s.blueBias, s.grayBias) for s in scalers]
    colours = {feature.type.imageType.colorSpace for feature in spec.description.input}
    if set(numbers) - {(1, 0, 0, 0, 0)} or colours - {0, _RGB}:  # 0: no image
        raise CheckpointError(
            f"{path}: does its own preprocessing, or takes no RGB image (scale and biases "
            f"{numbers}); expected RGB and none inside, as in LocationNet's Core ML file"
        )
    return network


def _numbers(weights: Any) -> NDArray[np.float32]:
    if weights.float16Value:
        return np.frombuffer(weights.float16Value, "<f2").astype(np.float32)
    return np.fromiter(weights.floatValue, np.float32, len(weights.floatValue))
