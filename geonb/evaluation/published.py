"""What others printed: accuracies by system and test set, and LocationNet's Tokyo Tower."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from geonb.errors import EvaluationError
from geonb.photos.photo import Photo
from geonb.predictions import Prediction, Predictions
from geonb.shown.pictures import data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geonb.distances import Place

THRESHOLDS_KM: tuple[float, ...] = (1.0, 25.0, 200.0, 750.0, 2500.0)
"""Street, city, region, country, continent: the distances of the blog's tables."""
IM2GPS = "IM2GPS"
"""237 photos (Hays and Efros, CVPR 2008)."""
PLACING_2016 = "Placing 2016"
"""About 1.5 million Flickr photos (MediaEval Placing Task 2016)."""
SOURCE = (
    'J. Choi and K. Li, "Estimating the Location of Images Using MXNet and Multimedia Commons '
    'Dataset on AWS EC2", AWS blog, 2017'
)
TOKYO_TOWER: Place = (35.6586, 139.7454)


@dataclass(frozen=True)
class PublishedRow:
    """The printed accuracy of a system on a test set.

    Attributes:
        system: The network's name.
        test_set: Which photos; rows of different test sets don't compare.
        photos: How many; rounded if the source says "million".
        within: Per cent of the photos within 1, 25, 200, 750 and 2500 km.
        source: Where the row was printed.
    """

    system: str
    test_set: str
    photos: int
    within: tuple[float, ...]
    source: str


def _rows(name: str) -> csv.DictReader[str]:
    return csv.DictReader(data(name).splitlines())


PUBLISHED = tuple(
    PublishedRow(
        row["system"], row["test_set"], int(row["photos"]),
        tuple(float(row[f"{km:g}"]) for km in THRESHOLDS_KM),
        SOURCE if row["source"] == "blog" else row["source"],
    )
    for row in _rows("published.csv")
)  # fmt: skip
"""The rows that are known. No test set has one of LocationNet and one of GeoCLIP, so nobody can say
from them which of the two is better. The blog's Flickr rows are on two test sets, as it says."""


def choose_published(
    wanted: str | Iterable[str | PublishedRow] | None, test_set: str
) -> tuple[PublishedRow, ...]:
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


def _named(name: str) -> list[PublishedRow]:
    def plain(text: str) -> str:
        return text.lower().replace("-", "").replace(" ", "")

    if rows := [row for row in PUBLISHED if plain(name) in map(plain, (row.system, row.test_set))]:
        return rows
    known = {plain(text): text for row in PUBLISHED for text in (row.system, row.test_set)}
    near = get_close_matches(plain(name), known, 1)
    hint = f"did you mean {known[near[0]]}?" if near else f"there are {', '.join(known.values())}"
    raise EvaluationError(f"no published row of {name!r}; {hint}")


def published_answer() -> Predictions:
    """LocationNet's five guesses for a photo of Tokyo Tower, as the blog printed them in 2017.

    The truth is the tower: the first guess is 1.5 km off, the second 0.4 km. The photo is lost,
    and a grey picture stands in for it.
    """
    from PIL import Image, ImageDraw

    lost = Image.new("RGB", (320, 240), "#d5d8dc")
    ImageDraw.Draw(lost).text((112, 112), "the photo is lost", fill="#333333")
    rows = [[float(row[name]) for name in ("probability", "latitude", "longitude")]
            for row in _rows("published_tokyo_tower.csv")]  # fmt: skip
    best = (Prediction(rank, p, (lat, lng), "") for rank, (p, lat, lng) in enumerate(rows, start=1))
    photo = Photo("Tokyo Tower, 2017", lost, "A grey picture: the photo is lost.")
    note = f"LocationNet's answer as printed in {SOURCE}; LocationNet is CC BY-SA 3.0"
    return Predictions(tuple(best), photo, "LocationNet", "mxnet, 2017", note, TOKYO_TOWER)
