"""int8 networks: a quarter of the size, quicker, and a little different; how much is measured.

int8 needs no package of its own: the tool comes with onnxruntime, and works on onnx.
"""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib import resources
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from geonb.distances import distance
from geonb.errors import ModelError
from geonb.files import md5
from geonb.network.onnx_writing import optimise
from geonb.network.sessions import open_session, run
from geonb.photos.photo import open_photo
from geonb.preprocessing import RECIPE, Recipe, preprocess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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

    @property
    def kind(self) -> str:
        """What the photos are, in words."""
        return "scenes" if self.photos is None else "photos"

    def batches(self, recipe: Recipe = RECIPE) -> list[NDArray[np.float32]]:
        """The prepared photos, each (1, 3, 224, 224)."""
        if self.photos is not None:
            return [preprocess(photo, recipe=recipe) for photo in self.photos]
        # Squares as the network sees them, drawn by geonb_training.scenes.sheet.
        data = resources.files("geonb").joinpath("data", "scenes.webp").read_bytes()
        sheet = open_photo(data).image()
        return [
            preprocess(sheet.crop((left, top, left + _SIDE, top + _SIDE)), recipe=recipe)
            for top in range(0, sheet.height, _SIDE)
            for left in range(0, sheet.width, _SIDE)
        ]

    def digest(self) -> str:
        """A digest of the prepared photos; for the scenes, which never change, just a word."""
        if self.photos is None:
            return self.kind
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
    name = open_session(plain, optimised=False).get_inputs()[0].name
    rest = ({name: batch} for i, batch in enumerate(batches) if i % 3)  # the others are held out
    fused, quantised = plain.with_name("fused.onnx"), plain.with_name("int8.onnx")
    optimise(plain, fused, basic=True)
    model = onnx.load(fused, load_external_data=False)
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    onnx.save(model, fused)  # or it would advise us to prepare the graph, as we have
    with _quiet():
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
    optimise(quantised, target)
    held_out = batches[::3]
    measured = _measure(plain, target, files, held_out)
    agreement = Agreement(calibration.kind, len(held_out), *measured)
    target.with_name(_FILE).write_text(json.dumps(asdict(agreement)), encoding="utf-8")
    print(agreement)  # noqa: T201 - the user asked for int8, and should know what it costs


@contextmanager
def _quiet() -> Iterator[None]:
    """Without any handler, what ONNX Runtime logs would set one up for good."""
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


def _measure(
    plain: Path, int8: Path, files: CheckpointFiles, held_out: list[NDArray[np.float32]]
) -> tuple[float, float]:
    """The share of the photos ``held_out`` with the same first answer, and the mean distance."""
    tops, last = [], files.last
    for path, optimised in ((plain, False), (int8, True)):
        session = open_session(path, optimised=optimised, prepack=optimised)
        answers = np.concatenate([run(session, batch)[0] for batch in held_out])
        answers = last.probabilities(answers) if last else answers
        tops.append(np.argmax(answers, axis=1))
    places = files.cells().places
    apart = distance(places[tops[0]], places[tops[1]])
    return float(np.mean(tops[0] == tops[1])), float(np.mean(apart))
