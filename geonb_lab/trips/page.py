"""The page of a trip: a line in time, known places and estimated ones, day by day, to be confirmed.

It needs no network. What is confirmed on it is saved as a file, which ``geonb locate --confirmed``
reads, and writes beside the photos.
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from geonb.answers import answer
from geonb.distances import distance
from geonb.earth.cells import Cells
from geonb.earth.places import nearest_town, towns_in
from geonb.errors import needing
from geonb.files import expanded, expecting, regular
from geonb.maps import atlas
from geonb.maps.page import SOURCES
from geonb.maps.plane import box_around
from geonb.shown.pictures import asset
from geonb.writing import check_outputs, replacing
from geonb_lab.many.album import small
from geonb_lab.many.labels import Label, trip_label
from geonb_lab.many.results import in_order, name_of
from geonb_lab.trips.chain import TripError
from geonb_lab.trips.located import Located, Trip

_FRAME = "width: 100%; height: 80vh; min-height: 560px; border: 0"
_WAY_KM = 5.0  # shorter ways are within a dot
_UNITS = 64.5  # ground units in a degree of latitude, roughly
_CLOSEST = 5.0  # pixels per ground unit: a trip within a town shows the town
_WORLD_TOWNS, _TOWNS = 3000, 40  # to choose from: the largest, and those around each place
MOST_BYTES = 100_000_000  # that a page saves
_FARTHEST_KM = 20_038.0  # half the equator


def write_trip_page(trip: Trip, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write the page of a trip. Thumbnails are small, and without EXIF.

    Only ``overwrite`` replaces a file that geonb didn't make, nothing a photo (`OutputError`).
    """
    sources = [getattr(p.source, "path", p.source) for p in trip]  # of a `Photo`, its file
    files = [source for source in sources if isinstance(source, (str, os.PathLike))]
    check_outputs([Path(path)], files, overwrite=overwrite)
    with replacing(path) as temporary:
        temporary.write_text(trip_page(trip), encoding="utf-8", errors="replace")


def show_trip(trip: Trip) -> Any:
    """The trip's page within a notebook: a map, a slider over days, a card per photo."""
    with needing("a map in a notebook", "ipython"):
        from IPython.display import HTML
    page = escape(trip_page(trip))  # in a div, for IPython warns of a bare frame
    return HTML(f"<div><iframe title='The trip' srcdoc='{page}' style='{_FRAME}'></iframe></div>")


def trip_page(trip: Trip) -> str:
    """The page as text."""
    cards = list(in_order(partial(_card, trip.model.cells), trip.ordered))
    days = sorted({card["day"] for card in cards if card["day"]})
    where = list(dict.fromkeys(card["town"] for card in cards if card["day"]))
    title = f"{len(trip):,} photo{'s' * (len(trip) != 1)}, {len(days)} day{'s' * (len(days) != 1)}"
    notes = "".join(f"<li>{escape(note)}</li>" for note in trip.notes)
    text = json.dumps(cards, ensure_ascii=False, separators=(",", ":"))
    body = asset("trip.html", "geonb_lab").format(
        title=title, notes=notes, last=len(days), days=escape(json.dumps(days)),
        towns=escape(" · ".join(where[:6]) + (" · …" if len(where) > 6 else "")),
        caution=f"<p class='caution'>{escape(trip.model.note)}.</p>" if trip.model.note else "",
        map=_map(trip),
        photos=text.replace("<", "\\u003c"), sources=SOURCES,
    )  # fmt: skip
    style = atlas.STYLE + asset("page.css") + asset("trip.css", "geonb_lab")
    script = atlas.SCRIPT + asset("trip.js", "geonb_lab")
    return asset("page.html").format(title=escape(title), style=style, body=body, script=script)


def _card(cells: Cells, photo: Located) -> dict[str, Any]:
    """What the page shows of one photo."""
    together, alone = photo.probabilities, photo.probabilities_alone
    said, said_alone = answer(cells, together), answer(cells, alone)
    place, cell_km = photo.place, float(np.sqrt(cells.areas_km2[together.argmax()] / np.pi))
    day = datetime.fromtimestamp(photo.taken.seconds, UTC) if photo.taken else None
    return {
        "name": photo.name,
        "day": f"{day:%Y-%m-%d}" if day else "",
        "time": f"{day:%H:%M}" if day else "no time",
        "at": [round(place[1], 5), round(place[0], 5)],
        "town": str(nearest_town(place)),
        "known": photo.known.source if photo.known else "",
        "share": round(float(together.max()), 3),
        "sure": round(said.shares[-1], 3),
        "radius": 0.0 if photo.known else round(max(said.half_km, cell_km), 1),
        "alone": [round(said_alone.place[1], 5), round(said_alone.place[0], 5)],
        "townAlone": str(nearest_town(said_alone.place)),
        "shareAlone": round(float(alone.max()), 3),
        "fits": round(photo.fits, 2),
        "why": [str(neighbour) for neighbour in photo.neighbours],
        "thumb": small(lambda: photo.photo),
    }


def _map(trip: Trip) -> str:
    """The map with its first view on all of the trip's places, and the ways between photos."""
    alt = "Map of the trip; the list below has the same photos and places."
    ratio = atlas.SIZE[0] / atlas.SIZE[1]
    (south, west, north, east), _ = box_around([photo.place for photo in trip], ratio)
    middle = (south + north) / 2, ((west + east) / 2 + 180) % 360 - 180
    scale = min(atlas.SIZE[1] / ((north - south) * _UNITS), _CLOSEST)
    around = {tuple(np.round(photo.place).tolist()) for photo in trip}
    some = towns_in((-90.0, -180.0, 90.0, 180.0), _WORLD_TOWNS)
    some += (t for a, b in around for t in towns_in((a - 2, b - 3, a + 2, b + 3), _TOWNS))
    towns = [(name, (lat, (lng + 180) % 360 - 180)) for name, (lat, lng), _ in some]
    ground, order, ways = atlas.Ground(), {photo: i for i, photo in enumerate(trip.ordered)}, ""
    for a, b in (pair for part in trip.parts for pair in pairwise(part)):
        if float(distance(a.place, b.place)) > _WAY_KM:  # of the card of the later photo
            way = ground.way(a.place, b.place)
            ways += way.replace("<path", f"<path data-to='{order[b]}'", 1)
    return atlas.world(alt, middle=middle, scale=scale, towns=towns, ways=ways)


def confirmed_labels(
    path: str | os.PathLike[str], photos: Iterable[str], sure: float
) -> list[Callable[[], Label | str]]:
    """What makes the label of each photo in the file, or says why there is none.

    What nobody confirmed is labelled as an estimate if it's ``sure``, as `label_for` means it.
    Raises `TripError` if it isn't the page's, or names a photo twice or none of ``photos``.
    """
    file, named = expanded(path), {name_of(photo): photo for photo in photos}
    found: list[Callable[[], Label | str]] = []
    with expecting(file, "what the page of a trip saved", TripError):
        if regular(file).stat().st_size > MOST_BYTES:
            raise TripError(f"{file}: over {MOST_BYTES:,} bytes, expected what a page saved")
        saved = json.loads(file.read_bytes())
        rows = saved.get("confirmed") if isinstance(saved, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError("expected a list of objects, confirmed")
        for name, state, row in ((row.get("photo"), row.get("state"), row) for row in rows):
            if not isinstance(name, str) or name not in named:
                raise TripError(
                    f"{file}: {name!r:.200} is there twice, or isn't among these photos; name the "
                    "same folder as for the page"
                )
            photo = named.pop(name)
            if state == "skipped":
                found.append(partial(str, state))
                continue
            place = row.get("place") if isinstance(row.get("place"), list) else []
            values = *place, row.get("km"), row.get("sure") if state == "open" else 1.0
            if state not in ("open", "accepted", "corrected") or not _possible(values):
                raise ValueError(f"{name!r:.200}: no state {state!r:.40} at a place {values!r:.80}")
            lat, lng, km, share = values
            label = partial(trip_label, photo, (lat, lng), km, confirmed=state != "open")
            found.append(label if share >= sure else partial(str, "the answer is not sure"))
    return found


def _possible(values: Sequence[Any]) -> bool:
    """Whether values are latitude, longitude, a distance in km, and a share of 1."""
    most = (90, 180, _FARTHEST_KM, 1)
    good = [
        type(x) in {int, float} and abs(x) <= limit for x, limit in zip(values, most, strict=False)
    ]
    return len(values) == 4 and all(good) and min(values[2:]) >= 0
