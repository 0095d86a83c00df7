"""What a person confirmed on the page of a trip: the file that its Save gives, read and checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from geonb.files import expanded, expecting, regular
from geonb_lab.trips.movement import TripError

if TYPE_CHECKING:
    import os
    from collections.abc import Container

    from geonb.distances import Place

_MOST_BYTES = 100_000_000
_LIMITS = (90.0, 180.0, 20_038.0)  # latitude and longitude in degrees; half the equator, km


def read_confirmed(
    path: str | os.PathLike[str], photos: Container[str]
) -> dict[str, tuple[Place, float] | None]:
    """Each photo's confirmed place, and how far that may be off in km (0: unknown).

    A skipped photo has None. Raises `TripError` if the file isn't one of the page's, or names a
    photo twice or one that isn't among ``photos``.
    """
    file = expanded(path)
    found: dict[str, tuple[Place, float] | None] = {}
    with expecting(file, "what the page of a trip saved", TripError, TypeError, LookupError):
        if regular(file).stat().st_size > _MOST_BYTES:
            raise TripError(f"{file}: over {_MOST_BYTES:,} bytes, expected what a page saved")
        rows = json.loads(file.read_bytes())["confirmed"]
        if not isinstance(rows, list):
            raise TypeError("confirmed is no list")
        for number, row in enumerate(rows, start=1):
            name, state = row["photo"], row["state"]
            if not isinstance(name, str) or name in found or name not in photos:
                raise TripError(
                    f"{file}: row {number}: {name!r:.200} is there twice, or isn't among these "
                    "photos; name the same folder as for the page"
                )
            if state not in {"accepted", "corrected", "skipped"}:
                raise ValueError(f"row {number}: the state {state!r:.40}")
            found[name] = None
            if state != "skipped":
                values = [*row["place"], row["km"]]
                if len(values) != 3 or not all(map(_within, values, _LIMITS)) or values[2] < 0:
                    raise ValueError(f"row {number}: the place and km {values!r:.80}")
                found[name] = (values[0], values[1]), float(values[2])
    return found


def _within(value: object, limit: float) -> bool:
    """Whether it's a number of JSON's, and within its limit; NaN never is."""
    return type(value) in {int, float} and abs(value) <= limit  # type: ignore[arg-type]
