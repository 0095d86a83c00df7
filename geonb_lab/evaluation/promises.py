"""The promise of regions: learned on some photos, checked on others (split conformal prediction).

For each photo one looks how much probability ranks before the true place. If regions hold more
than that for nine photos in ten, they contain the truth of nine new photos in ten. This needs no
assumption on the model, only photos that are alike. Sources: Vovk, Gammerman, Shafer,
"Algorithmic Learning in a Random World", 2005; Romano, Sesia, Candès, NeurIPS 2020.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.earth.cells import Belief, Cells
from geonb.errors import EvaluationError
from geonb.promise import Promise
from geonb_lab.evaluation.scores import check_table, percents, wilson
from geonb_lab.regions import hold, in_km2, ranked


@dataclass(frozen=True)
class Coverage:
    """What a promise said of regions, and what was measured on other photos.

    Attributes:
        promise: The promise.
        photos: How many photos were asked about.
        contained: Of how many the region contains the truth.
        median_km2: Half of the regions are smaller, in km²; NaN if areas aren't known.
    """

    promise: Promise
    photos: int
    contained: int
    median_km2: float = math.nan

    @property
    def measured(self) -> float:
        """The share of photos whose region contains the truth, 0 to 1."""
        return self.contained / self.photos

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of that share (Wilson)."""
        return wilson(self.measured, self.photos)

    @property
    def usual(self) -> tuple[float, float]:
        """What the share is in 95% of cases if the photos are alike.

        It depends on how many photos the promise was learned on.
        """
        return wilson(self.promise.coverage, self.promise.photos)

    @property
    def broken(self) -> bool:
        """Whether luck can't explain what was measured: the two intervals are apart."""
        return self.interval[1] < self.usual[0]

    def __repr__(self) -> str:
        text = (
            f"Regions promise to hold the true place of {self.promise.coverage:.0%} of photos "
            f"({percents(*self.usual)} after {self.promise.photos:,} photos of "
            f"{self.promise.test_set}); they hold that of {self.measured:.0%} "
            f"(95% interval {percents(*self.interval)}) of {self.photos:,}"
        )
        if not math.isnan(self.median_km2):
            text += f", and half of them are below {in_km2(self.median_km2)}"
        if self.broken:
            return f"{text}. The promise is broken: are the photos alike?"
        verdict = "kept" if self.measured >= self.promise.coverage else "not shown to be broken"
        return f"{text}. The promise is {verdict}"


def learn_promise(
    probabilities: ArrayLike, classes: ArrayLike, coverage: float = 0.9, *, test_set: str = "yours"
) -> Promise:
    """Learn how much regions must hold to contain the truth of a share of photos, ``coverage``.

    ``probabilities`` are (N, cells) for photos that the model was not trained on, ``classes`` (N,)
    their `true_classes`. `Promise.save` stores what you get with the model.
    Raises `EvaluationError` if there are too few photos, or too many far from every cell.
    """
    before = shares_before(probabilities, classes)
    return promise_from(before, coverage, test_set, np.asarray(probabilities).shape[1])


def promise_from(
    before: NDArray[np.float64], coverage: float, test_set: str, places: int
) -> Promise:
    """The promise learned from the `shares_before` of N photos, (N,), by a model of ``places``."""
    if not (isinstance(coverage, (int, float, np.floating)) and 0 < coverage < 1):
        raise EvaluationError(f"a coverage lies between 0 and 1, such as 0.9; got {coverage!r:.40}")
    photos, rank = len(before), math.ceil((len(before) + 1) * coverage)
    if rank > photos:
        fewest = math.ceil(coverage / (1 - coverage) - 1e-9)
        raise EvaluationError(
            f"{photos:,} photos can't promise {coverage:.0%}; give at least {fewest:,}"
        )
    if not math.isfinite(share := float(np.sort(before)[rank - 1])):
        raise EvaluationError(
            f"{np.isinf(before).mean():.0%} of the photos are far from all of the model's cells, "
            f"so no region contains the truth of {coverage:.0%}; promise less"
        )
    share = min(1.0, share + 1e-9)  # a region holds the cells before which less than this ranks
    return Promise(coverage, share, photos, test_set, places)


def check_promise(
    promise: Promise, probabilities: ArrayLike, classes: ArrayLike, cells: Cells | None = None
) -> Coverage:
    """Measure a promise on other photos than those it was learned on.

    ``probabilities`` are (N, cells), ``classes`` (N,) the `true_classes`; with ``cells`` the areas
    are measured too. Raises `EvaluationError`.
    """
    before, areas = shares_before(probabilities, classes), None
    if cells is not None:
        table = np.asarray(probabilities)
        areas = np.array([hold(Belief(cells, row), promise.share).area_km2 for row in table])
    return coverage_from(promise, before, areas)


def coverage_from(
    promise: Promise, before: NDArray[np.float64], areas: NDArray[np.float64] | None = None
) -> Coverage:
    """What the `shares_before` of N photos and their regions' areas, (N,), say of a promise."""
    known = np.empty(0) if areas is None else areas[~np.isnan(areas)]
    median = float(np.median(known)) if len(known) else math.nan
    return Coverage(promise, len(before), int((before < promise.share).sum()), median)


def shares_before(probabilities: ArrayLike, classes: ArrayLike) -> NDArray[np.float64]:
    """The probability that ranks before each photo's true cell, (N,); inf if it is in no cell."""
    table, true = check_table(probabilities, classes)
    return np.array([share_before(row, i) for row, i in zip(table, true.tolist(), strict=True)])


def share_before(probabilities: NDArray[np.float32], index: int) -> float:
    """The probability of all cells, (cells,), that rank before one; inf for the cell -1."""
    if index < 0:
        return math.inf
    order, before = ranked(probabilities)
    return float(before[np.flatnonzero(order == index)[0]])
