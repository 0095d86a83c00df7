"""How much better photos are located together than alone, with intervals by trips.

Photos of a trip are right and wrong together: 28 photos of one trip tell less than 28 of as many
trips. The intervals count how much less (Korn and Graubard, Survey Methodology 24, 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.distances import check_points, haversine
from geonb.errors import EvaluationError
from geonb.shown.sheets import Sheet
from geonb_lab.evaluation.axes import CONSTANT, OWN, by_distance, new_axes
from geonb_lab.evaluation.promises import share_before
from geonb_lab.evaluation.scores import wilson
from geonb_lab.regions import true_classes
from geonb_lab.tabular import Tabular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from geonb.shown.sheets import Cell
    from geonb_lab.trips.located import Trip

LIMITS_KM = (25.0, 200.0, 750.0, 2500.0)
_T95 = 1.96


@dataclass(frozen=True, eq=False, repr=False)
class TripEvaluation(Tabular):
    """Photos located alone and together, measured against the truth.

    Attributes:
        name: Whose answers they are.
        alone, together: Kilometres from each first guess to the truth, (N,).
        trips: The trip of each photo, (N,).
        held: Whether the promised region of each photo, alone and together, holds the truth, (N, 2)
            bool; None if the model promises nothing.
        promised: What share of regions should, 0 to 1; 0 if nothing is promised.
    """

    name: str
    alone: NDArray[np.float64]
    together: NDArray[np.float64]
    trips: NDArray[np.intp]
    held: NDArray[np.bool_] | None
    promised: float = 0.0

    def share(self, right: NDArray[np.bool_]) -> tuple[float, float, float]:
        """The share of photos that are right, (N,) bool, and its 95% interval by trips, 0 to 1."""
        mean, photos = float(right.mean()), len(right)
        per_trip = np.bincount(self.trips, right - mean)
        count = len(per_trip)
        variance = float((per_trip**2).sum()) / photos**2 * count / max(count - 1, 1)
        equal = mean * (1 - mean) / variance if variance > 0 else count
        low, high = wilson(mean, int(np.clip(equal, min(count, photos), photos)))
        return mean, low, high

    def gain(self, km: float) -> tuple[float, float, float]:
        """How many more photos are within ``km`` together, 0 to 1, with its interval by trips."""
        more = (self.together <= km).astype(float) - (self.alone <= km)
        mean, per_trip = float(more.mean()), np.bincount(self.trips, more - more.mean())
        half = _T95 * float(np.sqrt((per_trip**2).sum())) / len(more)
        return mean, mean - half, mean + half

    def sheet(self) -> Sheet:
        """See `Tabular`."""
        rows: list[list[Cell]] = []
        for what, km in (("each photo alone", self.alone), ("together", self.together)):
            shares = [self.share(km <= limit) for limit in LIMITS_KM]
            cells: list[Cell] = [
                (f"{100 * p:.1f}", f"{100 * a:.0f}-{100 * b:.0f}") for p, a, b in shares
            ]
            rows.append([f"{self.name}, {what}", *cells, f"{np.median(km):,.1f}"])
        head = ["", *(f"{km:g} km" for km in LIMITS_KM), "median km"]
        caption = (
            f"Per cent of {len(self.alone):,} photos of {self.trips.max() + 1:,} trips within each "
            "distance, and its 95% interval by trips"
        )
        return Sheet(caption, head, rows, self._notes())

    def _notes(self) -> list[str]:
        mean, low, high = (100 * x for x in self.gain(200.0))
        worse = int(((self.together > 200) & (self.alone <= 200)).sum())
        better = int(((self.together <= 200) & (self.alone > 200)).sum())
        notes = [
            (
                f"Together {mean:+.1f} points more are within 200 km (95% interval {low:+.1f} to "
                f"{high:+.1f}): {better:,} photos come within, {worse:,} are lost."
            )
        ]
        if self.held is not None:
            alone, together = (self.share(self.held[:, i]) for i in (0, 1))
            notes.append(
                f"Regions promise to hold the truth of {self.promised:.0%} of photos; they hold "
                f"that of {alone[0]:.0%} alone ({100 * alone[1]:.0f}-{alone[2]:.0%}) and of "
                f"{together[0]:.0%} together ({100 * together[1]:.0f}-{together[2]:.0%})."
            )
        return notes

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        records = []
        for what, km in (("alone", self.alone), ("together", self.together)):
            record: dict[str, Any] = {"system": self.name, "located": what, "photos": len(km)}
            for limit in LIMITS_KM:
                names = (f"{kind}_{limit:g}_km" for kind in ("within", "low", "high"))
                record |= dict(zip(names, self.share(km <= limit), strict=True))
            records.append(record | {"median_km": float(np.median(km))})
        return records

    def figure(self) -> Figure:
        """The share of photos within every distance."""
        canvas, axes = new_axes(8.0)
        share = 100 * np.arange(1, len(self.alone) + 1) / len(self.alone)
        for name, km, colour in (("alone", self.alone, CONSTANT), ("together", self.together, OWN)):
            axes.plot(
                np.sort(km).clip(0.1), share, drawstyle="steps-post", color=colour, label=name
            )
        by_distance(axes)
        axes.legend(fontsize=8, loc="lower right")
        return canvas

    def in_words(self) -> str:
        """See `Tabular`."""
        return f"Photos within {', '.join(f'{km:g}' for km in LIMITS_KM)} km. " + " ".join(
            f"{what}: {', '.join(f'{(km <= limit).mean():.1%}' for limit in LIMITS_KM)}."
            for what, km in (("Alone", self.alone), ("Together", self.together))
        )


def evaluate_trips(
    trips: Sequence[Trip], truth: Sequence[ArrayLike], name: str = "yours"
) -> TripEvaluation:
    """Measure located trips against the true places of their photos, (photos, 2) degrees a trip.

    Photos whose place was known to the trip are left out. Raises `EvaluationError` if the two don't
    fit, `PlaceError` for what is no place.
    """
    alone, together, number, held = [], [], [], []
    promise = None
    if len(trips) != len(truth) or not trips:
        raise EvaluationError(f"{len(trips):,} trips, but truth of {len(truth):,}; one for each")
    for t, (trip, there) in enumerate(zip(trips, truth, strict=True)):
        points = check_points(there).reshape(-1, 2)
        if len(points) != len(trip):
            raise EvaluationError(f"trip {t}: {len(trip):,} photos, {len(points):,} true places")
        promise = promise or trip.model.promise
        places = trip.model.cells.places
        for photo, point, true in zip(
            trip, points, true_classes(trip.model.cells, points).tolist(), strict=True
        ):
            if photo.known:
                continue
            rows = photo.probabilities_alone, photo.probabilities
            far = [float(haversine(places[row.argmax()], point)) for row in rows]
            alone.append(far[0])
            together.append(far[1])
            number.append(t)
            if promise:
                held.append([share_before(row, true) < promise.share for row in rows])
    if not alone:
        raise EvaluationError("all photos have known places; nothing is left to measure")
    _, order = np.unique(number, return_inverse=True)
    return TripEvaluation(
        name, np.array(alone), np.array(together), order, np.array(held) if promise else None,
        promise.coverage if promise else 0.0,
    )  # fmt: skip
