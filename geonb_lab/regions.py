"""Regions: the smallest set of places that holds a share of the probability."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.distances import Place, check_points, haversine
from geonb.earth import s2
from geonb.earth.cells import Belief, Cells
from geonb.errors import ModelError, printable
from geonb.predictions import Predictions
from geonb.promise import Promise


@dataclass(frozen=True, eq=False)
class Region:
    """The fewest places that hold a share of the probability; ``place in region`` asks for one.

    Attributes:
        belief: What the region is of.
        classes: The numbers of its places, most probable first.
        promise: What the region promises; None if you named the share.
        within: The only places that were considered, in words; empty if all were.
    """

    belief: Belief
    classes: NDArray[np.intp]
    promise: Promise | None = None
    within: str = ""

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
        name = f"Region within {self.within}" if self.within else "Region"
        text = f"{name}: {count:,} place{'s' * (count > 1)} with {in_km2(self.area_km2)}"
        if self.promise is None:
            return f"{text} hold{'s' * (count == 1)} {held}"
        return f"{text}; {self.promise.in_words}"

    def __repr__(self) -> str:
        return f"<{printable(str(self))}>"


def region(predictions: Predictions, share: float | None = None) -> Region:
    """The fewest places that hold a ``share`` of the probability, with their area in km².

    By default it's the share that the model's promise asks for, so that the region contains the
    truth nine times in ten. Raises `ModelError` if the model has promised nothing, and if only the
    best places are known.
    """
    belief, promise = predictions.belief, predictions.promise
    if belief is None:
        raise ModelError("only the best places are known; ask predict again for a region")
    if share is not None:
        return replace(hold(belief, share), within=predictions.within)
    if promise is None:
        raise ModelError("nothing is promised for this answer: name a share, such as 0.9")
    return hold(belief, promise.share, promise)


def hold(belief: Belief, share: float, promise: Promise | None = None) -> Region:
    """The region of a ``share``, and the promise that it keeps. Raises `ModelError`."""
    if not (isinstance(share, (int, float, np.floating)) and 0 < share <= 1):
        raise ModelError(f"a region holds a share above 0 and up to 1, not {share!r:.40}")
    order, before = ranked(belief.probabilities)
    return Region(belief, order[: np.searchsorted(before, share)], promise)


def true_classes(cells: Cells, truth: ArrayLike, near_km: float = 50.0) -> NDArray[np.intp]:
    """The class that would be right for each place, degrees (N, 2) to (N,); -1 for none.

    It's the cell that holds the place; if no cell does, the one with the nearest centre, up to
    ``near_km`` away: a model has no cells where it had few photos, and a gallery of points has
    gaps.
    """
    points = check_points(truth).reshape(-1, 2)
    classes = cells.index(points)
    vectors = s2.unit_vectors(cells.places)
    for i in np.flatnonzero(classes < 0):
        nearest = int(np.argmax(vectors @ s2.unit_vectors(points[i])))
        if haversine(cells.places[nearest], points[i]) <= near_km:
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
