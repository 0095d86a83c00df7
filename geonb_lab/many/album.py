"""The contact sheet of many photos: thumbnails, places, filters and a map, in one file."""

import base64
import json
from collections.abc import Callable, Iterable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from geonb.answers import RADII_KM
from geonb.errors import PhotoError
from geonb.maps import atlas
from geonb.maps.page import SOURCES, save_page
from geonb.photos.photo import Photo, open_photo
from geonb.shown.pictures import asset, thumbnail
from geonb_lab.many.results import in_order

_SIDE = 160
"""Pixels on the longer side of a thumbnail; about 2 kB as WebP, half of what a JPEG like it has."""
_TOGETHER = 100
"""Thumbnails that the page reads at a time, after it has shown the first cards without them."""


def write_album(
    rows: Iterable[dict[str, Any]], path: Path, note: str = "", *, allow_private: bool = False
) -> None:
    """Write the page of the photos in ``rows``, those of ``geonb locate --out``.

    Every photo is opened again for its thumbnail, without EXIF; one that can't be opened has
    none. ``note`` is what has to be said of the model's answers.
    """
    again = partial(open_photo, allow_private=allow_private)
    cards = list(in_order(lambda row: (_card(row), small(partial(again, row["photo"]))), rows))
    photos, thumbs = [card for card, _ in cards], [thumb for _, thumb in cards]
    countries = sorted({photo["country"] for photo in photos if photo["country"]})
    radii = "".join(f"<option value='{km:g}'>{km:g} km</option>" for km in RADII_KM)
    options = "".join(f"<option>{escape(country)}</option>" for country in countries)
    count = f"{len(photos):,} photo{'' if len(photos) == 1 else 's'}"
    alt = "World map with a circle for each group of photos; the list below has the same photos."
    text = json.dumps(photos, ensure_ascii=False, separators=(",", ":"))
    body = asset("album.html", "geonb_lab").format(
        count=count, note=escape(note), countries=options, radii=radii,
        map=atlas.world(alt, towns=atlas.largest_towns()),
        script=atlas.SCRIPT + asset("album.js", "geonb_lab"),
        photos=text.replace("<", "\\u003c"), sources=SOURCES,
        thumbs="\n".join(
            f"<script>addThumbs({json.dumps(thumbs[first : first + _TOGETHER])})</script>"
            for first in range(0, len(thumbs), _TOGETHER)
        ),
    )  # fmt: skip
    save_page(path, count, f"<style>{asset('album.css', 'geonb_lab')}</style>{body}")


def _card(row: dict[str, Any]) -> dict[str, Any]:
    card = {"photo": row["photo"], "country": "", "error": row["error"]}
    if row["error"]:
        return card
    lat, lng, town = row["lat_1"], row["lng_1"], row["town_1"]
    return card | {
        "country": town.rpartition(", ")[2],
        "town": town,
        "share": round(row["probability_1"], 3),
        "radius": row["radius_km"] and round(row["radius_km"], 1),  # None after a warning
        "off": None if row["distance_km"] is None else round(row["distance_km"], 1),
        "at": [round(lng, 4), round(lat, 4)],
    }


def small(opened: Callable[[], Photo]) -> str:
    """A photo's thumbnail as WebP in base64, without EXIF; nothing if it can't be opened."""
    try:
        small = thumbnail(opened(), _SIDE, "WEBP", quality=50, method=2)
        return base64.b64encode(small).decode()
    except PhotoError:
        return ""
