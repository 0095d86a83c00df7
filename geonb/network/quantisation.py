"""int8 networks: a quarter of the size, quicker, and a little different; how much is measured.

int8 needs no package of its own: the tool comes with onnxruntime, and works on onnx.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from functools import partial
from importlib import resources
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from geonb.distances import distance
from geonb.errors import ModelError
from geonb.files import md5
from geonb.network.sessions import open_session, optimise, run
from geonb.photos.photo import open_photo
from geonb.preprocessing import RECIPE, Recipe, preprocess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from geonb.network.checkpoint import CheckpointFiles
    from geonb.photos.photo import PhotoSource

_SIDE = 224
_LEAST = 3
# Not BatchNorm: the units of this family begin with one that no convolution can take in, and
# its answers suffer (7 times the difference, on a random network of LocationNet's size).
_OPS = ["Add", "Conv", "Flatten", "Gemm", "GlobalAveragePool", "MaxPool", "Relu"]
_FILE = "agreement.json"


@dataclass(frozen=True, eq=False)
class Calibration:
    """Photos that tell how large the network's numbers become; every third is held out."""

    photos: Sequence[PhotoSource] | None = None
    """The user's photos; None for the drawn scenes that come with geonb."""

    def __post_init__(self) -> None:
        if self.photos is not None and len(self.photos) < _LEAST:
            raise ModelError(
                f"int8 needs {_LEAST} photos or more to calibrate with, got {len(self.photos)}; "
                "a hundred that are like yours are good"
            )

    def batches(self, recipe: Recipe = RECIPE) -> list[NDArray[np.float32]]:
        """The prepared photos, each (1, 3, 224, 224)."""
        photos = self.photos
        if photos is None:
            # Squares as the network sees them, drawn by tools/shipped.py.
            data = resources.files("geonb").joinpath("data", "scenes.webp").read_bytes()
            sheet = open_photo(data).image()
            corners = [(x, y) for y in range(0, sheet.height, _SIDE)
                       for x in range(0, sheet.width, _SIDE)]  # fmt: skip
            photos = [sheet.crop((x, y, x + _SIDE, y + _SIDE)) for x, y in corners]
        return [preprocess(photo, recipe=recipe) for photo in photos]

    def digest(self) -> str:
        """A digest of the prepared photos; for the scenes, which never change, just a word."""
        if self.photos is None:
            return "scenes"
        return md5(b"".join(batch.tobytes() for batch in self.batches()))[:16]


@dataclass(frozen=True)
class Agreement:
    """How the answers of an int8 network differ from those of its float32 original."""

    kind: str
    """What was held out: scenes or photos."""
    count: int
    """How many were held out."""
    same_top1: float
    """Share of them with the same first answer."""
    mean_km: float
    """Mean distance between the two first answers, kilometres."""

    def __str__(self) -> str:
        return (
            f"int8 against float32 on {self.count} held-out {self.kind}: "
            f"{self.same_top1:.0%} same first answer, {self.mean_km:.0f} km apart on average"
        )


def read_agreement(folder: Path) -> Agreement:
    """Read what was measured when the network in ``folder`` was made."""
    return Agreement(**json.loads((folder / _FILE).read_text(encoding="utf-8")))


def quantise(plain: Path, target: Path, files: CheckpointFiles, calibration: Calibration) -> None:
    """Write the network ``plain`` as int8 to ``target``, measure the agreement and print it.

    Static quantisation of weights (per channel) and activations, in ONNX's QDQ form.
    """
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    batches = calibration.batches(files.recipe)
    name = open_session(plain).get_inputs()[0].name
    rest = ({name: batch} for i, batch in enumerate(batches) if i % 3)  # the others are held out
    fused, quantised = plain.with_name("fused.onnx"), plain.with_name("int8.onnx")
    optimise(plain, fused, basic=True)
    model = onnx.load(fused, load_external_data=False)
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    onnx.save(model, fused)  # or it would advise us to prepare the graph, as we have
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)  # without any, what it logs would set one up for good
    try:
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
    finally:
        root.removeHandler(handler)
    optimise(quantised, target)
    best = [_best(path, files, batches[::3], plain=path == plain) for path in (plain, target)]
    first, second = (files.cells().places[classes] for classes in best)
    apart = distance(first, second)
    kind = "scenes" if calibration.photos is None else "photos"
    same = float(np.mean(best[0] == best[1]))
    agreement = Agreement(kind, len(best[0]), same, float(np.mean(apart)))
    target.with_name(_FILE).write_text(json.dumps(asdict(agreement)), encoding="utf-8")
    print(agreement)  # noqa: T201 - the user asked for int8, and should know what it costs


def _best(
    path: Path, files: CheckpointFiles, batches: list[NDArray[np.float32]], *, plain: bool
) -> NDArray[np.intp]:
    """The first answer for each photo."""
    session = open_session(path) if plain else open_session(path, level="NONE", prepack=True)
    answers = np.concatenate([run(session, batch)[0] for batch in batches])
    return (files.last.probabilities(answers) if files.last else answers).argmax(axis=1)
