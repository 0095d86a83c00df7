"""Read a Core ML file, the other form in which LocationNet lives on, into the same layers."""

from __future__ import annotations

import hashlib
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from geonb.earth.cells import CELLS_FILE
from geonb.errors import CheckpointError, FetchError, MissingDependencyError
from geonb.network.architecture import architecture, parameter_count
from geonb.network.checkpoint import INPUT_SHAPE, Checkpoint
from geonb.network.coreml_layers import convert
from geonb.network.layers import parameter_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geonb.weights.registry import Weights

_RGB = 20  # coremltools' FeatureTypes.proto, ImageFeatureType.ColorSpace


def read_coreml(path: Path) -> Checkpoint:
    """Read the layers and arrays of a Core ML classifier that was converted from MXNet.

    It takes what the MXNet files take: RGB with the mean subtracted outside, as the converter
    puts no mean inside. Raises `CheckpointError`, also where a file does its own preprocessing.
    """
    return _convert(path, _load(path))


def _convert(path: Path, spec: Any) -> Checkpoint:
    checkpoint = convert(path, spec.neuralNetworkClassifier.layers)
    for name, shape in parameter_shapes(checkpoint.layers, INPUT_SHAPE).items():
        if checkpoint.arrays[name].shape != shape:
            found = checkpoint.arrays[name].shape
            raise CheckpointError(f"{path}: {name!r} has shape {found}, its layer needs {shape}")
    return checkpoint


def check(path: Path, weights: Weights) -> None:
    """Raise `FetchError` where ``path`` is not the Core ML form of a known model.

    Compared are the names and shapes of the layers, the count of the parameters, and the labels
    with the cell list's MD5.
    """
    try:
        spec = _load(path)
        found = _convert(path, spec)
    except CheckpointError as error:
        raise FetchError(str(error)) from error
    labels = spec.neuralNetworkClassifier.stringClassLabels.vector
    if architecture(found.layers) != weights.architecture:
        raise FetchError(
            f"not the network of {weights.name}: other layers or shapes "
            f"({parameter_count(found.layers):,} parameters, {len(labels):,} labels)"
        )
    lines = "".join(f"{label}\n" for label in labels).encode()
    digest = hashlib.md5(lines, usedforsecurity=False).hexdigest()
    cells = next(file for file in weights.forms[0] if file.name == CELLS_FILE)
    if digest != cells.md5:
        raise FetchError(f"its {len(labels):,} labels are not the cells of {weights.name}")


def _load(path: Path) -> Any:
    with _quiet():
        try:
            from coremltools.models.utils import load_spec
        except ImportError as error:
            raise MissingDependencyError("a Core ML file", "coremltools", "coreml") from error
    from google.protobuf.message import DecodeError

    try:
        spec = load_spec(str(path))
    except OSError as error:
        raise CheckpointError(f"{path}: cannot read the Core ML file ({error.strerror})") from error
    except DecodeError as error:
        raise CheckpointError(f"{path}: not a Core ML file, or cut off ({error})") from error
    kind = spec.WhichOneof("Type")
    if kind != "neuralNetworkClassifier":
        raise CheckpointError(f"{path}: holds a {kind}, expected a neuralNetworkClassifier")
    _check_input(path, spec)
    return spec


def _check_input(path: Path, spec: Any) -> None:
    """The contract of the input: RGB as it is, nothing scaled or subtracted inside."""
    for step in spec.neuralNetworkClassifier.preprocessing:
        scaler = step.scaler
        biases = (scaler.redBias, scaler.greenBias, scaler.blueBias, scaler.grayBias)
        if (
            step.WhichOneof("preprocessor") == "meanImage"
            or any(biases)
            or scaler.channelScale != 1
        ):
            raise CheckpointError(
                f"{path}: does its own preprocessing (scale {scaler.channelScale}, biases "
                f"{biases}); expected none inside, as in LocationNet's Core ML file"
            )
    for feature in spec.description.input:
        kind = feature.type
        if kind.WhichOneof("Type") == "imageType" and kind.imageType.colorSpace != _RGB:
            raise CheckpointError(f"{path}: its input {feature.name!r} is not an RGB image")


@contextmanager
def _quiet() -> Iterator[None]:
    """Off macOS, coremltools complains at import that it cannot run models; reading needs none."""
    logger = logging.getLogger("coremltools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
