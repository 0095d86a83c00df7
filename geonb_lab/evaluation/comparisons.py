"""Do two systems differ on the same photos, or is it luck? Paired exact tests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import EvaluationError
from geonb.shown.sheets import Sheet
from geonb_lab.evaluation.accuracy import Evaluation
from geonb_lab.evaluation.axes import CONSTANT, OWN, arms, literal, new_axes
from geonb_lab.evaluation.scores import THRESHOLDS_KM, Z95
from geonb_lab.tabular import Tabular, fill

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ALPHA = 0.05


@dataclass(frozen=True)
class PairedRow:
    """Two systems at one distance.

    Attributes:
        threshold_km: A photo is right if its guess lies within it.
        a, b: Per cent of the photos that each system has right.
        only_a, only_b: Photos that only this system has right.
        difference: First minus second, in points.
        interval: The 95% interval of the difference for paired shares (Agresti and Min,
            Biometrics 2005).
        p: The probability of a gap as large or larger if the two were equally good (McNemar's test,
            exact).
    """

    threshold_km: float
    a: float
    b: float
    only_a: int
    only_b: int
    difference: float
    interval: tuple[float, float]
    p: float

    @property
    def differs(self) -> bool:
        """Whether p is small enough, given that so many distances are tested (Bonferroni)."""
        return self.p * len(THRESHOLDS_KM) < _ALPHA


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Tabular):
    """Two evaluations of the same photos: a table wherever it is shown.

    Attributes:
        a, b: The two systems' names.
        photos: How many photos both were asked about.
        rows: One `PairedRow` for each distance.
    """

    a: str
    b: str
    photos: int
    rows: tuple[PairedRow, ...]

    def sheet(self) -> Sheet:
        """See `Tabular`."""
        head = ["within", self.a, self.b, "only first", "only second", "difference", "95%", "p"]
        rows = fill(
            self.records(), "{within_km:g} km", "{percent_a:.1f}", "{percent_b:.1f}", "{only_a:,}",
            "{only_b:,}", "{difference:+.1f}", "{low:+.1f} to {high:+.1f}", "{p:.2g}",
        )  # fmt: skip
        for shown, row in zip(rows, self.rows, strict=True):
            shown[-1] = shown[-1] if row.p > 1e-12 else "< 1e-12"
        caption = f"Per cent of the same {self.photos:,} photos; the first against the second"
        return Sheet(caption, head, rows, self._verdict())

    def _verdict(self) -> list[str]:
        def limits(sign: int) -> str:
            """The distances where the first is better, or worse, or neither."""
            signs = [int(np.sign(row.difference)) if row.differs else 0 for row in self.rows]
            pairs = zip(self.rows, signs, strict=True)
            return ", ".join(f"{row.threshold_km:g}" for row, its in pairs if its == sign)

        notes = {
            f"{self.a} is better within {limits(1)} km.": limits(1),
            f"{self.b} is better within {limits(-1)} km.": limits(-1),
            f"Within {limits(0)} km these photos can't tell them apart.": limits(0),
            f"A p below {_ALPHA / len(self.rows):g} counts, as several are tested.": True,
        }
        return [note for note, needed in notes.items() if needed]

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        return [
            {
                "within_km": row.threshold_km, "a": self.a, "b": self.b,
                "percent_a": row.a, "percent_b": row.b, "only_a": row.only_a, "only_b": row.only_b,
                "difference": row.difference, "low": row.interval[0], "high": row.interval[1],
                "p": row.p, "differs": row.differs,
            }
            for row in self.rows
        ]  # fmt: skip

    def figure(self) -> Figure:
        """How much better a is than b within each distance, in points, with 95% intervals."""
        canvas, axes = new_axes(6.0)
        difference = [row.difference for row in self.rows]
        places = np.arange(len(self.rows))
        errors = arms(difference, [row.interval for row in self.rows])
        axes.axhline(0, color=CONSTANT, lw=1)
        axes.errorbar(places, difference, errors, fmt="o", color=OWN, capsize=4)
        axes.set_xticks(places, [f"{row.threshold_km:g} km" for row in self.rows])
        axes.set(ylabel=literal(f"{self.a} minus {self.b} (points)"))
        return canvas

    def in_words(self) -> str:
        """See `Tabular`."""
        gap = "{difference:+.1f} within {within_km:g} km ({low:+.1f} to {high:+.1f})"
        rows = ", ".join(text for (text,) in fill(self.records(), gap))
        return f"{self.a} minus {self.b}, in points: {rows}."


def compare(a: Evaluation, b: Evaluation) -> Comparison:
    """Tell whether two systems differ on the same photos: first guesses, pair by pair.

    Raises `EvaluationError` if the true places aren't the same ones in the same order.
    """
    if not np.array_equal(a.truth, b.truth):
        raise EvaluationError(
            f"the two evaluations are of different photos ({len(a.km):,} and {len(b.km):,}, or "
            "in another order); evaluate both systems on the same list"
        )
    photos, rows = len(a.km), []
    for limit in THRESHOLDS_KM:
        right_a, right_b = a.km <= limit, b.km <= limit
        only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
        plus_a, plus_b, plus_n = only_a + 0.5, only_b + 0.5, photos + 2
        middle = (plus_a - plus_b) / plus_n
        half = Z95 * math.sqrt(plus_a + plus_b - (plus_a - plus_b) ** 2 / plus_n) / plus_n
        share_a, share_b = (100 * int(right.sum()) / photos for right in (right_a, right_b))
        difference = 100 * (only_a - only_b) / photos
        interval = 100 * (middle - half), 100 * (middle + half)
        p = paired_p(only_a, only_b)
        rows.append(PairedRow(limit, share_a, share_b, only_a, only_b, difference, interval, p))
    return Comparison(a.name, b.name, photos, tuple(rows))


def paired_p(only_a: int, only_b: int) -> float:
    """McNemar's exact two-sided p: as if a fair coin had decided each photo that differs."""
    n, fewer = only_a + only_b, min(only_a, only_b)
    k = np.arange(1, fewer + 1)
    # Logarithms of the binomials n over 0, 1 … fewer: the numbers themselves overflow.
    logs = np.concatenate([[0.0], np.cumsum(np.log(n - k + 1) - np.log(k))])
    return float(min(1.0, 2 * np.exp(logs - n * math.log(2)).sum()))
