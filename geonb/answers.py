"""What five points do not say: how sure the answer is, and which answer would have been right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import haversine
from geonb.earth.places import Town, nearest_town

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geonb.distances import Place
    from geonb.earth.cells import Cells

RADII_KM = (25.0, 200.0, 750.0)
"""City, region and country, as in the published tables."""
SURE = 0.5
"""An answer is sure of a radius that gathers at least this much of the probability."""


@dataclass(frozen=True)
class Answer:
    """One calm answer: the most probable place, and how much of the probability lies near it.

    The rule: geonb is "not sure" where less than half of the probability lies within 750 km of
    the best place. The numbers are the model's own, and no promise: see `geonb.evaluate` for how
    often it is right. A cell counts as within a radius when its centre of mass is.
    """

    place: Place
    """The most probable place: that of rank 1."""
    gathered: tuple[float, ...]
    """Probability within 25, 200 and 750 km of the place, 0 to 1."""

    @property
    def town(self) -> Town:
        """The town that is nearest to the place."""
        return nearest_town(self.place)

    @property
    def radius_km(self) -> float | None:
        """The smallest of the three radii that gathers half of the probability; None if none."""
        sure = (km for km, p in zip(RADII_KM, self.gathered, strict=True) if p >= SURE)
        return next(sure, None)

    @property
    def sure(self) -> bool:
        """Whether at least half of the probability lies within 750 km of the place."""
        return self.radius_km is not None

    def __str__(self) -> str:
        shares = ", ".join(
            f"{p:.0%} within {km:g} km" for km, p in zip(RADII_KM, self.gathered, strict=True)
        )
        if self.radius_km is None:
            return f"Not sure. Best guess: {self.town}. The model gathers only {shares}."
        right = f"probably right to {self.radius_km:g} km"
        return f"Best guess: {self.town}, {right}. The model gathers {shares}."

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        gathered = {f"{km:g}_km": p for km, p in zip(RADII_KM, self.gathered, strict=True)}
        return {"sure": self.sure, "probability_within": gathered, "sentence": str(self)}


@dataclass(frozen=True)
class TruthCell:
    """The cell that would have been right, and what the model thought of it."""

    place: Place
    """The true place."""
    token: str
    """S2 token of the cell that holds it; empty where the model has no cell there."""
    rank: int | None
    """Its rank among all cells, 1 for the most probable; None where there is no cell."""
    probability: float
    """What the model gave it, 0 to 1."""
    cells: int
    """How many cells the model has."""

    def __str__(self) -> str:
        if self.rank is None:
            return "The true place lies in none of the model's cells."
        return (
            f"The right cell, {self.token}, has rank {self.rank:,} of {self.cells:,} "
            f"with probability {self.probability:.6f}."
        )


def answer(cells: Cells, probabilities: NDArray[np.float32]) -> Answer:
    """Sum up the ``probabilities`` of all cells, (cells,), around the most probable one."""
    best = cells.places[int(np.argmax(probabilities))]
    km = haversine(cells.places, best)
    weights = probabilities.astype(np.float64)
    gathered = (float(min(weights[km <= radius].sum(), 1.0)) for radius in RADII_KM)
    lat, lng = best.tolist()
    return Answer((lat, lng), tuple(gathered))


def truth_cell(cells: Cells, probabilities: NDArray[np.float32], truth: Place) -> TruthCell:
    """Find the cell of the true place, and its rank by ``probabilities``, (cells,)."""
    index = int(cells.index([truth])[0])
    if index < 0:
        return TruthCell(truth, "", None, 0.0, len(cells))
    own = probabilities[index]
    # Equals rank in the order of the cells, as they do in predictions.
    rank = 1 + int((probabilities > own).sum() + (probabilities[:index] == own).sum())
    return TruthCell(truth, cells.tokens[index], rank, float(own), len(cells))
