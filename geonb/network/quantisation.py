"""int8 networks: a quarter of the size, quicker, and a little different; how much is measured."""

from collections.abc import Sequence
from functools import partial
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from geonb.distances import distance
from geonb.errors import ModelError
from geonb.files import md5
from geonb.network.checkpoint import CheckpointFiles
from geonb.network.sessions import open_session, run
from geonb.photos.photo import PhotoSource, open_photo
from geonb.preprocessing import RECIPE, Recipe, preprocess

_LEAST = 3
# Not BatchNorm: the units of this family begin with one that no convolution can take in, and
# its answers suffer (7 times the difference, on a random network of LocationNet's size).
_OPS = ["Add", "Conv", "Flatten", "Gemm", "GlobalAveragePool", "MaxPool", "Relu"]


def prepare(
    photos: Sequence[PhotoSource] | None, recipe: Recipe = RECIPE
) -> list[NDArray[np.float32]]:
    """The photos that tell how large the network's numbers become, each (1, 3, 224, 224).

    None stands for the drawn scenes that come with geonb.
    """
    if photos is None:  # squares as the network sees them, drawn by tools/shipped.py
        data = resources.files("geonb").joinpath("data", "scenes.webp").read_bytes()
        sheet, side = np.asarray(open_photo(data).image()), recipe.side
        rows, columns = (range(0, length, side) for length in sheet.shape[:2])
        photos = [sheet[y : y + side, x : x + side] for y in rows for x in columns]
    if len(photos) < _LEAST:
        raise ModelError(
            f"int8 needs {_LEAST} photos or more to calibrate with, got {len(photos)}; "
            "a hundred that are like yours are good"
        )
    return [preprocess(photo, recipe=recipe) for photo in photos]


def photos_digest(photos: Sequence[PhotoSource] | None) -> str:
    """A digest of the prepared photos; for the scenes, which never change, just a word."""
    if photos is None:
        return "scenes"
    return md5(b"".join(square.tobytes() for square in prepare(photos)))[:16]


def quantise(
    plain: Path, target: Path, files: CheckpointFiles, photos: Sequence[PhotoSource] | None
) -> str:
    """Write the network ``plain`` as int8 to ``target``; how well they agree, which is printed.

    Static quantisation of weights (per channel) and activations, in ONNX's QDQ form; every third
    photo is held out for the measurement.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    squares = prepare(photos, files.recipe)
    name = open_session(plain).get_inputs()[0].name
    rest = ({name: square} for i, square in enumerate(squares) if i % 3)
    fused, quantised = plain.with_name("fused.onnx"), plain.with_name("int8.onnx")
    quant_pre_process(plain, fused, skip_symbolic_shape=True, save_as_external_data=True)
    quantize_static(
        fused,
        quantised,
        SimpleNamespace(get_next=partial(next, rest, None)),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=_OPS,
        use_external_data_format=True,
    )
    open_session(quantised, target=target)
    best = [_best(path, files, squares[::3], optimised=path == target) for path in (plain, target)]
    first, second = (files.cells().places[classes] for classes in best)
    agreement = (
        f"int8 against float32 on {len(best[0])} held-out "
        f"{'scenes' if photos is None else 'photos'}: {np.mean(best[0] == best[1]):.0%} same first "
        f"answer, {np.mean(distance(first, second)):.0f} km apart on average"
    )
    print(agreement)  # noqa: T201 - the user asked for int8, and should know what it costs
    return agreement


def _best(
    path: Path, files: CheckpointFiles, squares: list[NDArray[np.float32]], *, optimised: bool
) -> NDArray[np.intp]:
    """The first answer for each photo."""
    session = open_session(path, optimised=optimised, prepack=optimised)
    answers = np.concatenate([run(session, square)[0] for square in squares])
    return (files.last.probabilities(answers) if files.last else answers).argmax(axis=1)
