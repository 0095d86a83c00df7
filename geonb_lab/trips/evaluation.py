"""How much better photos are located together than alone, with intervals by trips.

Photos of a trip are right and wrong together: 28 photos of one trip tell less than 28 of as many
trips. The intervals count how much less (Korn and Graubard, Survey Methodology 24, 1998).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.distances import check_points, haversine
from geonb.errors import EvaluationError
from geonb.shown.sheets import Cell, Sheet
from geonb_lab.evaluation.promises import share_before
from geonb_lab.evaluation.scores import wilson
from geonb_lab.regions import true_classes
from geonb_lab.tabular import Shown
from geonb_lab.trips.located import Trip

LIMITS_KM = (25.0, 200.0, 750.0, 2500.0)


@dataclass(frozen=True, eq=False, repr=False)
class TripEvaluation(Shown):
    """Photos located alone and together, measured against the truth.

    Attributes:
        km: Kilometres from each first guess to the truth, alone and together, (N, 2).
        held: Whether the promised region holds the truth, alone and together, (N, 2); False if
            the model promises nothing.
        trips: The number of each photo's trip, (N,), from 0.
    """

    km: NDArray[np.float64]
    held: NDArray[np.bool_]
    trips: NDArray[np.intp]

    def share(self, right: NDArray[np.bool_]) -> tuple[float, float, float]:
        """The share of photos that are right, (N,) bool, and its 95% interval by trips, 0 to 1."""
        mean, photos, count = float(right.mean()), len(right), int(self.trips.max()) + 1
        per_trip = np.bincount(self.trips, right - mean)
        variance = float((per_trip**2).sum()) / photos**2 * count / max(count - 1, 1)
        independent = mean * (1 - mean) / variance if variance > 0 else count
        return mean, *wilson(mean, int(np.clip(independent, count, photos)))

    def sheet(self) -> Sheet:
        """The table as people read it."""
        rows: list[list[Cell]] = []
        for i, what in enumerate(("each photo alone", "together")):
            checks = [self.km[:, i] <= limit for limit in LIMITS_KM]
            shares = [self.share(right) for right in (*checks, self.held[:, i])]
            cells: list[Cell] = [
                (f"{100 * p:.1f}", f"{100 * a:.0f}-{100 * b:.0f}") for p, a, b in shares
            ]
            rows.append([what, *cells])
        caption = f"Per cent of {len(self.km):,} photos of {self.trips.max() + 1:,} trips"
        near = self.km <= LIMITS_KM[1]
        gained, lost = (int((near[:, a] & ~near[:, b]).sum()) for a, b in ((1, 0), (0, 1)))
        note = f"Together {gained:,} photos come within {LIMITS_KM[1]:g} km, {lost:,} are lost."
        head = ["", *(f"within {km:g} km" for km in LIMITS_KM), "in the region"]
        return Sheet(f"{caption}, and the 95% interval by trips", head, rows, [note])


def evaluate_trips(trips: Sequence[Trip], truth: Sequence[ArrayLike]) -> TripEvaluation:
    """Measure located trips against the true places of their photos, (photos, 2) degrees a trip.

    Photos whose place was known to the trip are left out. Raises `EvaluationError` if the two don't
    fit, `PlaceError` for what is no place.
    """
    km, held, numbers = [], [], []
    for number, (trip, there) in enumerate(zip(trips, truth, strict=True)):
        points = check_points(there).reshape(-1, 2)
        if len(points) != len(trip):
            raise EvaluationError(f"{len(trip):,} photos of a trip, but {len(points):,} places")
        cells, promise = trip.model.cells, trip.model.promise
        classes = true_classes(cells, points).tolist()
        for photo, point, true in zip(trip, points, classes, strict=True):
            if not photo.known:
                rows = photo.probabilities_alone, photo.probabilities
                km.append([haversine(cells.places[row.argmax()], point) for row in rows])
                share = promise.share if promise else 0.0
                held.append([share_before(row, true) < share for row in rows])
                numbers.append(number)
    if not km:
        raise EvaluationError("no trip has a photo whose place was unknown: nothing to measure")
    return TripEvaluation(np.array(km), np.array(held), np.unique(numbers, return_inverse=True)[1])
