"""How sure an answer is, and which cell would have been right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geonb.distances import Place, haversine
from geonb.earth.cells import Cells
from geonb.earth.places import Town, nearest_town

RADII_KM = (25.0, 200.0, 750.0)
"""City, region and country, as in the published tables."""
SURE = 0.5
"""An answer is sure of a radius that holds at least this much of the probability."""


@dataclass(frozen=True)
class Answer:
    """One answer: the most probable place, and how much of the probability lies near it.

    An answer is "not sure" if less than half of the probability lies within 750 km of the best
    place. The probabilities are the model's own and no promise: `geonb_lab.evaluate` measures how
    often it is right. A cell lies within a radius if its centre of mass does.

    Attributes:
        place: The most probable place, rank 1: latitude and longitude in degrees.
        shares: Probability within 25, 200 and 750 km of the place, 0 to 1 each.
        half_km: Kilometres around the place within which half of the probability lies.
    """

    place: Place
    shares: tuple[float, ...]
    half_km: float

    @property
    def town(self) -> Town:
        """The town nearest to the place."""
        return nearest_town(self.place)

    @property
    def radius_km(self) -> float | None:
        """The smallest of the radii that holds half of the probability; None if none does."""
        return next((km for km, p in self.by_radius if p >= SURE), None)

    @property
    def sure(self) -> bool:
        """Whether at least half of the probability lies within 750 km of the place."""
        return self.radius_km is not None

    def __str__(self) -> str:
        (near, city), *others = [(f"{km:g} km", f"{p:.0%}") for km, p in self.by_radius]
        shares = f"{city} of the probability lies within {near}"
        shares += "".join(f", {share} within {km}" for km, share in others)
        if self.radius_km is None:
            return f"Not sure. Best guess: {self.town}. Only {shares}."
        return f"Best guess: {self.town}, probably within {self.radius_km:g} km. {shares}."

    @property
    def by_radius(self) -> list[tuple[float, float]]:
        """The three radii in kilometres, each with the probability within it, 0 to 1."""
        return list(zip(RADII_KM, self.shares, strict=True))


@dataclass(frozen=True)
class TruthCell:
    """The cell that would have been right, and the probability that the model gave it.

    Attributes:
        place: The true place: latitude and longitude in degrees.
        token: S2 token of the cell that holds it; empty if the model has no cell there.
        rank: Its rank among all cells, 1 for the most probable; None if there is no cell.
        probability: What the model gave it, 0 to 1.
        cells: How many cells the model has.
    """

    place: Place
    token: str
    rank: int | None
    probability: float
    cells: int

    def __str__(self) -> str:
        if self.rank is None:
            return "None of the model's cells holds the true place."
        rank = f"rank {self.rank:,} of {self.cells:,} with probability {self.probability:.2%}"
        return f"The right cell, {self.token}, has {rank}."


def answer(cells: Cells, probabilities: NDArray[np.float32]) -> Answer:
    """Sum up the ``probabilities`` of all cells, (cells,), around the most probable one."""
    best = int(np.argmax(probabilities))
    km = haversine(cells.places, cells.places[best])
    weights = probabilities.astype(np.float64)
    shares = (float(min(weights[km <= radius].sum(), 1.0)) for radius in RADII_KM)
    nearest = np.argsort(km, kind="stable")
    half = int(np.searchsorted(np.cumsum(weights[nearest]), weights.sum() / 2))
    return Answer(cells.place(best), tuple(shares), float(km[nearest[half]]))


def truth_cell(cells: Cells, probabilities: NDArray[np.float32], truth: Place) -> TruthCell:
    """Find the cell of the true place, and its rank by ``probabilities``, (cells,)."""
    index = int(cells.index([truth])[0])
    if index < 0:
        return TruthCell(truth, "", None, 0.0, len(cells))
    own = probabilities[index]
    # Equal probabilities rank in the order of the cells, as in predictions.
    rank = 1 + int((probabilities > own).sum() + (probabilities[:index] == own).sum())
    return TruthCell(truth, cells.tokens[index], rank, float(own), len(cells))
