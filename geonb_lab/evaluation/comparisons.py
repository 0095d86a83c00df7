"""Do two systems differ on the same photos, or is it luck? Paired exact tests."""

import math
from dataclasses import dataclass

import numpy as np

from geonb.errors import EvaluationError
from geonb.shown.sheets import Sheet
from geonb_lab.evaluation.accuracy import Evaluation
from geonb_lab.evaluation.scores import THRESHOLDS_KM, Z95
from geonb_lab.tabular import Shown

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
class Comparison(Shown):
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
        """The table as people read it, and what it says."""
        head = ["within", self.a, self.b, "only first", "only second", "difference", "95%", "p"]
        rows = [
            [f"{row.threshold_km:g} km", f"{row.a:.1f}", f"{row.b:.1f}", f"{row.only_a:,}",
             f"{row.only_b:,}", f"{row.difference:+.1f}",
             "{:+.1f} to {:+.1f}".format(*row.interval),
             f"{row.p:.2g}" if row.p > 1e-12 else "< 1e-12"]
            for row in self.rows
        ]  # fmt: skip
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
