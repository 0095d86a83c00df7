"""What a person confirmed on the page of a trip: the file that its Save gives, read and checked."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from geonb.files import expanded, expecting, regular
from geonb_lab.many.labels import confirmed_label
from geonb_lab.many.results import name_of
from geonb_lab.trips.movement import TripError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from geonb_lab.many.labels import Label

_MOST_BYTES = 100_000_000
_FARTHEST_KM = 20_038.0  # half the equator


def confirmed_labels(
    path: str | os.PathLike[str], photos: Iterable[str]
) -> list[Callable[[], Label | str]]:
    """What makes the label of each photo in the file, or says why there is none.

    Raises `TripError` if it isn't the page's, or names a photo twice or none of ``photos``.
    """
    file, named = expanded(path), {name_of(photo): photo for photo in photos}
    found: list[Callable[[], Label | str]] = []
    with expecting(file, "what the page of a trip saved", TripError, TypeError):
        if regular(file).stat().st_size > _MOST_BYTES:
            raise TripError(f"{file}: over {_MOST_BYTES:,} bytes, expected what a page saved")
        for row in json.loads(file.read_bytes())["confirmed"]:
            name, state = row["photo"], row["state"]
            if name not in named:
                raise TripError(
                    f"{file}: {name!r:.200} is there twice, or isn't among these photos; name the "
                    "same folder as for the page"
                )
            photo = named.pop(name)
            if state == "skipped":
                found.append(lambda: "skipped")
                continue
            lat, lng, km = values = *row["place"], row["km"]
            good = all(type(x) in {int, float} for x in values) and 0 <= km <= _FARTHEST_KM
            good = good and abs(lat) <= 90 and abs(lng) <= 180
            if not good or state not in {"accepted", "corrected"}:
                raise ValueError(f"{name!r:.200}: {state!r:.40} at {values!r:.80}")
            found.append(partial(confirmed_label, photo, (lat, lng), km))
    return found
