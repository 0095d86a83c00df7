"""Regions: the smallest set of places that holds a share of the probability, and their promise."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geonb.distances import check_points, haversine
from geonb.earth import s2
from geonb.earth.cells import Cells
from geonb.errors import ModelError
from geonb.files import expecting, regular

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

    from geonb.distances import Place
    from geonb.earth.cells import Belief

PROMISE_FILE = "promise.json"
"""What a model has promised, beside its other files."""
NEAR_KM = 50.0
"""Up to here a place in no cell belongs to the nearest centre."""


@dataclass(frozen=True)
class Promise:
    """How much a region must hold to contain the truth nine times in ten, learned from photos.

    It holds for photos like those: on average over all of them, not for each kind.

    Attributes:
        coverage: What is promised: the share of photos whose region contains the truth, 0 to 1.
        share: The probability that a region must hold for it, 0 to 1.
        photos: How many photos it was learned on.
        test_set: Which photos.
        places: How many places the model has; the promise holds for no other model.
    """

    coverage: float
    share: float
    photos: int
    test_set: str
    places: int

    def __str__(self) -> str:
        return (
            f"to contain the truth of {self.coverage:.0%} of photos like {self.test_set}, a region "
            f"must hold {self.share:.2%} of the probability (learned on {self.photos:,} photos)"
        )

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Store it in the folder of a model, where `load_model` finds it. Raises `OutputError`."""
        from geonb.writing import replacing

        with replacing(Path(folder) / PROMISE_FILE) as path:
            path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def read_promise(folder: Path, places: int) -> Promise | None:
    """The promise stored with a model of so many places; None if none. Raises `ModelError`."""
    path = folder / PROMISE_FILE
    with expecting(path, "a promise", ModelError, TypeError, advice="; remove the file"):
        if not path.exists():
            return None
        promise = Promise(**json.loads(regular(path).read_text(encoding="utf-8")))
        if 0 < promise.coverage < 1 and 0 < promise.share <= 1:
            return promise if promise.places == places else None
    raise ModelError(f"{path}: expected a coverage and a share from 0 to 1; remove the file")


@dataclass(frozen=True, eq=False)
class Region:
    """The fewest places that hold a share of the probability; ``place in region`` asks for one.

    Attributes:
        belief: What the region is of.
        classes: The numbers of its places, most probable first.
        promise: What the region promises; None if you named the share.
        cells: Its places.
        probability: What they hold together, 0 to 1.
        area_km2: Their area in km².
    """

    belief: Belief
    classes: NDArray[np.intp]
    promise: Promise | None = None

    @property
    def cells(self) -> Cells:
        """Its places, most probable first."""
        cells = self.belief.cells
        return Cells(cells.ids[self.classes], cells.places[self.classes])

    @property
    def probability(self) -> float:
        """What they hold together, 0 to 1."""
        return min(1.0, float(self.belief.probabilities[self.classes].sum(dtype=np.float64)))

    @property
    def area_km2(self) -> float:
        """Their area in km²."""
        return float(self.belief.cells.areas_km2[self.classes].sum())

    def __contains__(self, place: Place) -> bool:
        return true_classes(self.belief.cells, [place])[0] in self.classes

    def __str__(self) -> str:
        count, held = len(self.classes), f"{self.probability:.0%} of the probability"
        text = f"{count:,} place{'s' * (count > 1)} with {in_km2(self.area_km2)}"
        if self.promise is None:
            return f"Region: {text} hold{'s' * (count == 1)} {held}"
        return (
            f"Region: {text}; such regions contain the truth of {self.promise.coverage:.0%} of "
            f"photos like {self.promise.test_set}"
        )

    def __repr__(self) -> str:
        return f"<{self}>"


def region(belief: Belief | None, share: float | None = None) -> Region:
    """See `Predictions.region`."""
    if belief is None:
        raise ModelError("only the best places are known; ask predict again for a region")
    if share is not None:
        return hold(belief, share)
    if found := promised(belief):
        return found
    raise ModelError("the model has promised nothing yet: name a share, region(0.9)")


def promised(belief: Belief) -> Region | None:
    """The region that keeps the model's promise; None if it promises nothing."""
    promise = belief.folder and read_promise(belief.folder, len(belief.cells))
    return hold(belief, promise.share, promise) if promise else None


def hold(belief: Belief, share: float, promise: Promise | None = None) -> Region:
    """The region of a ``share``, and the promise that it keeps. Raises `ModelError`."""
    if not 0 < share <= 1:
        raise ModelError(f"a region holds a share above 0 and up to 1, not {share:g}")
    order, before = ranked(belief.probabilities)
    return Region(belief, order[: np.searchsorted(before, share)], promise)


def true_classes(cells: Cells, truth: ArrayLike) -> NDArray[np.intp]:
    """The class that would be right for each place, degrees (N, 2) to (N,); -1 for none.

    It's the cell that holds the place; if no cell does, the one with the nearest centre, up to
    50 km away: a model has no cells where it had few photos, and a gallery of points has gaps.
    """
    points = check_points(truth).reshape(-1, 2)
    classes = cells.index(points)
    strays = np.flatnonzero(classes < 0)
    vectors = s2.unit_vectors(cells.places)
    for i in strays:
        nearest = int(np.argmax(vectors @ s2.unit_vectors(points[i])))
        if haversine(cells.places[nearest], points[i]) <= NEAR_KM:
            classes[i] = nearest
    return classes


def ranked(probabilities: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Classes by probability, (cells,), and the probability of all that rank before each.

    A region holds a class if less than its share ranks before it.
    """
    order = np.argsort(-probabilities, kind="stable")
    held = np.cumsum(probabilities[order], dtype=np.float64)
    return order, np.concatenate([[0.0], held[:-1]])


def in_km2(area: float) -> str:
    """An area as people write it, to two digits: 8.4 km², 1,200 km²."""
    digits = 1 - int(np.floor(np.log10(area))) if area > 0 else 0
    return f"{round(area, digits):,.{1 if area < 9.5 else 0}f} km²"
