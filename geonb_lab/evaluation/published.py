"""The accuracies that others printed, by system and test set."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from difflib import get_close_matches

from geonb.errors import EvaluationError
from geonb.published import SOURCE
from geonb.shown.pictures import data
from geonb_lab.evaluation.scores import THRESHOLDS_KM, Score

IM2GPS = "IM2GPS"
"""237 photos (Hays and Efros, CVPR 2008)."""
PLACING_2016 = "Placing 2016"
"""About 1.5 million Flickr photos (MediaEval Placing Task 2016)."""


PUBLISHED = tuple(
    Score(
        row["system"], row["test_set"], int(row["photos"]),
        tuple(float(row[f"{km:g}"]) for km in THRESHOLDS_KM),
        SOURCE if row["source"] == "blog" else row["source"],
    )
    for row in csv.DictReader(data("published.csv", "geonb_lab").splitlines())
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
