"""The place that a photo library keeps beside a photo: XMP sidecars, and Google Takeout's JSON."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from geonb.files import BROKEN
from geonb.photos import metadata
from geonb.photos.metadata import Geotag, Geotags

ENDINGS = (".xmp", ".json")
MOST_BYTES = 10_000_000
_MARK = "{https://pypi.org/project/geonb/xmp/}wrote"
"""In a sidecar, what geonb wrote into it as a guess, which is no knowledge."""
_LONGEST = 46
"""Takeout cuts names to so many characters before ``.json``."""
_COPY = re.compile(r"^(.*)(\(\d+\))(\.[^.]*)$")
"""The second photo of one name: ``a(1).jpg``, with ``a.jpg(1).json`` beside it."""
_EDITED = re.compile(
    r"-(edited|bearbeitet|modifi|edita|edytowan|bewerkt|编辑|編集済み)\w*(?=\.[^.]*$)"
)
"""How Takeout marks edited copies, which have no JSON of their own."""


def beside(photo: Path, chosen: Mapping[str, bytes] | None = None) -> tuple[Geotags, Geotags]:
    """The places in the photo's sidecars, which go before its own word, and those that go after.

    The latter are Takeout's, which may be Google's estimates, and IPTC's `LocationCreated`. What
    geonb wrote is a guess, and counts only if somebody changed it. ``chosen`` is what counts
    instead of the files beside the photo: their contents by their names.
    """
    told = list(packets(photo, chosen))
    own = [metadata.in_xmp({} if _is_guess(found) else found, name) for name, found, _ in told]
    created = [metadata.in_xmp(found, f"{name}, LocationCreated") for name, _, found in told]
    return own, [_in_takeout(takeout(photo, chosen)), *created]


def packets(
    photo: Path, chosen: Mapping[str, bytes] | None = None
) -> Iterator[tuple[str, Mapping[str, str], Mapping[str, str]]]:
    """Name and properties (`metadata.properties`) of a photo's XMP sidecars.

    They are ``a.jpg.xmp``, then ``a.xmp``, in any case.
    """
    for wanted in dict.fromkeys((f"{photo.name}.xmp", f"{photo.stem}.xmp")):
        for name, content in _called(wanted, photo.parent, chosen):
            yield (name, *metadata.properties(content))


def takeout(photo: Path, chosen: Mapping[str, bytes] | None = None) -> dict[str, Any]:
    """Google Takeout's record of a photo, and under ``name`` its file's; empty if there's none."""
    copy = _COPY.match(photo.name)
    original = _EDITED.sub("", copy[1] + copy[3] if copy else photo.name)
    # A photo may have been called `a (1).jpg`, or `a-edited.jpg`, before Takeout saw it.
    names = (photo.name, ""), (original, copy[2] if copy else "")
    for title, number in dict.fromkeys(names):
        # `.supplemental-metadata` is cut to what the name leaves, and the name itself if it's long.
        whole = f"{title}.supplemental-metadata"
        stems = [whole[:length] for length in range(len(whole), len(title) - 1, -1)]
        for stem in dict.fromkeys((*stems, whole[:_LONGEST], Path(title).stem)):
            for name, content in _called(f"{stem}{number}.json", photo.parent, chosen):
                with suppress(*BROKEN):
                    found = json.loads(content)
                    if isinstance(found, dict):
                        return found | {"name": name}
    return {}


def _in_takeout(record: dict[str, Any]) -> Geotag | None:
    for place in filter(None, map(record.get, ("geoData", "geoDataExif"))):
        if isinstance(place, dict):
            lat, lng = (place.get("latitude"), None), (place.get("longitude"), None)
            if found := metadata.geotag(lat, lng, f"{record['name']} (Google Takeout)"):
                return found._replace(assumed=False)  # numbers with signs
    return None


def _is_guess(own: Mapping[str, str]) -> bool:
    """Whether geonb wrote the place into the sidecar, and nobody has changed it since."""
    how = own.get(f"{metadata.XMP_EXIF}GPSProcessingMethod", "")
    try:
        wrote = {} if how.startswith("confirmed by a person") else json.loads(own[_MARK])
    except BROKEN:
        return how.startswith("estimated by geonb")
    keys = ("GPSLatitude", "GPSLongitude")
    return isinstance(wrote, dict) and all(
        wrote.get(f"exif:{key}") == own.get(f"{metadata.XMP_EXIF}{key}") for key in keys
    )


def _called(
    wanted: str, folder: Path, chosen: Mapping[str, bytes] | None
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files of a name, of those chosen or in a folder, in any case."""
    if chosen is not None:
        yield from ((n, data) for n, data in chosen.items() if n.casefold() == wanted.casefold())
        return
    with suppress(OSError):
        names = _listed(os.fspath(folder), folder.stat().st_mtime_ns)
        yield from ((name, _read(folder / name)) for name in names.get(wanted.casefold(), ()))


@lru_cache(maxsize=4)
def _listed(folder: str, _changed: int) -> dict[str, list[str]]:
    """The names of a folder's JSON and XMP files, by the name in small letters."""
    names: dict[str, list[str]] = {}
    for name in sorted(entry.name for entry in os.scandir(folder)):
        if name.casefold().endswith(ENDINGS):
            names.setdefault(name.casefold(), []).append(name)
    return names


def _read(path: Path) -> bytes:
    """The file's content; nothing of what is no file, can't be read, or is too large."""
    with suppress(OSError):
        if path.is_file() and 0 < path.stat().st_size <= MOST_BYTES:  # those of /proc tell 0
            return path.read_bytes()
    return b""
