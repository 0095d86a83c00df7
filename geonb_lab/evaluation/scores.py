"""Kilometres from guesses to the truth, the numbers that sum them up, and those of others."""

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.distances import haversine
from geonb.errors import EvaluationError
from geonb.published import SOURCE
from geonb.shown.pictures import asset
from geonb.shown.sheets import Cell

THRESHOLDS_KM: tuple[float, ...] = (1.0, 25.0, 200.0, 750.0, 2500.0)
"""Street, city, region, country, continent: the distances of the blog's tables."""
Z95 = 1.959963984540054
"""Standard deviations to each side of a 95% interval."""
MARK = "*"
"""Before a published row on the user's own test set."""
COLUMNS = (
    "system", "test set", "photos", *(f"{km:g} km" for km in THRESHOLDS_KM), "median km",
    "OSV-5M score",
)  # fmt: skip
"""What stands above `Score.row`."""
IM2GPS = "IM2GPS"
"""237 photos (Hays and Efros, CVPR 2008)."""
PLACING_2016 = "Placing 2016"
"""About 1.5 million Flickr photos (MediaEval Placing Task 2016)."""
_OFF = 0.01
"""How far the sum of float16 probabilities may be from 1."""
_CHUNK = 1 << 16  # photos measured at a time: small enough for the processor's cache


@dataclass(frozen=True)
class Score:
    """How good a system is on a test set, as measured or as printed: one row of a table.

    Attributes:
        system: Who guessed, and which of the guesses counts.
        test_set: Which photos.
        photos: How many; rounded if a printed source says "million".
        shares: Per cent of the photos within 1, 25, 200, 750 and 2500 km.
        source: Where a published row was printed.
        median_km: Half of the photos are nearer, in km; inf if half have no prediction, None if not
            published.
        osv5m: OSV-5M's score, 0 to 5000: the mean of 5000 exp(-km / 1492.7), 0 without a prediction
            (Astruc et al., CVPR 2024).
        comparable: Whether a published row is on the user's own test set; None for the user's own.
    """

    system: str
    test_set: str
    photos: int
    shares: tuple[float, ...]
    source: str = ""
    median_km: float | None = None
    osv5m: float | None = None
    comparable: bool | None = None

    @property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """The 95% interval of each share, low and high in per cent (Wilson, 1927)."""
        ends = (wilson(share / 100, self.photos) for share in self.shares)
        return tuple((100 * low, 100 * high) for low, high in ends)

    def row(self) -> list[Cell]:
        """The percentages as a table shows them, their intervals beside them."""
        tail: list[Cell] = ["", ""]
        if self.median_km is not None:
            km = f"{self.median_km:,.1f}" if math.isfinite(self.median_km) else "none"
            tail = [km, f"{self.osv5m:,.0f}"]
        shares = [_share(*both) for both in zip(self.shares, self.intervals, strict=True)]
        name = f"{MARK} {self.system}" if self.comparable else self.system
        return [name, self.test_set, f"{self.photos:,}", *shares, *tail]

    def record(self) -> dict[str, Any]:
        """The row for programs, nothing rounded."""
        record = {"system": self.system, "test_set": self.test_set, "photos": self.photos}
        for km, share, (low, high) in zip(THRESHOLDS_KM, self.shares, self.intervals, strict=True):
            record |= {f"within_{km:g}_km": share, f"low_{km:g}_km": low, f"high_{km:g}_km": high}
        record |= {"median_km": self.median_km, "osv5m_score": self.osv5m}
        return record | {"source": self.source, "comparable": self.comparable}


PUBLISHED = tuple(
    Score(
        row["system"], row["test_set"], int(row["photos"]),
        tuple(float(row[f"{km:g}"]) for km in THRESHOLDS_KM),
        SOURCE if row["source"] == "blog" else row["source"],
    )
    for row in csv.DictReader(asset("published.csv", "geonb_lab").splitlines())
)  # fmt: skip
"""The rows that are known. No test set has one of LocationNet and one of GeoCLIP, so nobody can say
from them which of the two is better. The blog's Flickr rows are on two test sets, as it says."""


def choose_published(
    wanted: str | Iterable[str | Score] | None, test_set: str
) -> tuple[Score, ...]:
    """The rows of the ``wanted`` systems or test sets, those of your own ``test_set`` first.

    ``wanted`` holds names, or rows of your own; None stands for your test set, or for the blog's
    rows if nobody printed any of it. Raises `EvaluationError` for an unknown name.
    """
    if wanted is None:
        rows = [row for row in PUBLISHED if row.test_set == test_set]
        rows = rows or [row for row in PUBLISHED if row.source == SOURCE]
    else:
        listed = [wanted] if isinstance(wanted, str) else list(wanted)
        rows = [
            row for some in listed for row in (_named(some) if isinstance(some, str) else [some])
        ]
    sets = dict.fromkeys([test_set, *(row.test_set for row in rows)])
    return tuple(dict.fromkeys(row for name in sets for row in rows if row.test_set == name))


def _named(name: str) -> list[Score]:
    def plain(text: str) -> str:
        return text.lower().replace("-", "").replace(" ", "")

    if rows := [row for row in PUBLISHED if plain(name) in map(plain, (row.system, row.test_set))]:
        return rows
    known = {plain(text): text for row in PUBLISHED for text in (row.system, row.test_set)}
    near = get_close_matches(plain(name), known, 1)
    hint = f"did you mean {known[near[0]]}?" if near else f"there are {', '.join(known.values())}"
    raise EvaluationError(f"no published row of {name!r}; {hint}")


def measure(guesses: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kilometres from guesses (N, k, 2), or (1, k, 2) for all, to the truth (N, 2): (N, k)."""
    km = np.empty((len(truth), guesses.shape[1]))
    for start in range(0, len(truth), _CHUNK):
        part = slice(start, start + _CHUNK)
        here = guesses if len(guesses) == 1 else guesses[part]
        km[part] = haversine(here, truth[part, None])
    return km


def score(system: str, test_set: str, km: NDArray[np.float64]) -> Score:
    """Sum up the kilometres (N,), NaN where nothing was predicted."""
    far = np.where(np.isnan(km), np.inf, km)
    shares = tuple(100 * np.count_nonzero(far <= limit) / len(km) for limit in THRESHOLDS_KM)
    median, points = float(np.median(far)), float(np.mean(osv5m_points(far)))
    return Score(system, test_set, len(km), shares, median_km=median, osv5m=points)


def osv5m_points(km: NDArray[np.float64]) -> NDArray[np.float64]:
    """OSV-5M's score of each guess, 0 to 5000, from its kilometres (Astruc et al., CVPR 2024)."""
    return 5000 * np.exp(-km / 1492.7)


def check_table(
    probabilities: ArrayLike, classes: ArrayLike
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Probabilities (N, cells) of N photos and their true classes (N,), -1 for none, as arrays.

    Raises `EvaluationError` if these don't fit, or aren't probabilities and whole numbers.
    """
    table, true = check_numbers(probabilities, "probabilities"), check_numbers(classes, "classes")
    if table.ndim != 2 or true.shape != table.shape[:1] or not len(true):
        raise EvaluationError(
            f"expected probabilities (N, cells) and classes (N,), got {table.shape}, {true.shape}"
        )
    if true.dtype.kind not in "iu" or true.max() >= table.shape[1] or true.min() < -1:
        raise EvaluationError(f"classes are 0 to {table.shape[1] - 1}, and -1 for none")
    sums = table.sum(axis=1, dtype=np.float64)
    if table.min() < 0 or not (abs(sums - 1) <= _OFF).all():
        raise EvaluationError("the probabilities of a photo are 0 or more, and add up to 1")
    return table, true


def check_numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    """Finite numbers as an array. Raises `EvaluationError`, also for what is masked."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise EvaluationError(f"{name}: expected numbers, rows of one length") from error
    masked = np.ma.is_masked(values)
    if masked or array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise EvaluationError(f"{name}: expected finite numbers, and none that is masked")
    return array


def _share(share: float, interval: tuple[float, float]) -> Cell:
    """Per cent with its interval, in tenths where that is below 1, or alone where it is nothing."""
    low, high = interval
    digits = 0 if high - low >= 1.0 else 1
    ends = f"{low:.{digits}f}-{high:.{digits}f}"
    return (f"{share:.1f}", ends) if ends != f"{share:.1f}-{share:.1f}" else f"{share:.1f}"


def wilson(share: float, photos: int) -> tuple[float, float]:
    """95% interval of a ``share`` (0 to 1) seen in so many ``photos`` (Wilson, JASA 1927)."""
    z2 = Z95**2 / photos
    middle = (share + z2 / 2) / (1 + z2)
    half = Z95 * math.sqrt((share * (1 - share) + z2 / 4) / photos) / (1 + z2)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def percents(low: float, high: float) -> str:
    """An interval of shares, 0 to 1, as tables show it: 33-46%."""
    return f"{100 * low:.0f}-{high:.0%}"
