"""Location labels: XMP sidecars beside photos, which photo managers read. Photos stay untouched.

Names: XMP specification part 2 (Adobe, 2016), sections 2.3 (photoshop) and 3.3 (exif).
"""

import json
import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from xml.dom.minidom import Document

import numpy as np

from geonb.answers import SURE
from geonb.distances import Place
from geonb.earth.outlines import areas_km2
from geonb.earth.places import nearest_town
from geonb.errors import printable
from geonb.photos.photo import open_photo
from geonb.predictions import Predictions
from geonb.web.addresses import is_address
from geonb_lab.many import xmp

_PLACE = ("exif:GPSLatitude", "exif:GPSLongitude")
_PROPERTIES = (
    *_PLACE,
    "exif:GPSMapDatum",
    "exif:GPSProcessingMethod",
    "exif:GPSHPositioningError",
    "photoshop:City",
    "photoshop:Country",
)
_MARK = "geonb:wrote"
"""What geonb wrote into a sidecar, as JSON: `remove_label` removes just that."""


@dataclass(frozen=True)
class Label:
    """The sidecar of a photo, and the XMP properties to write into it, by names like exif:ISO."""

    path: Path
    properties: dict[str, str]

    def __str__(self) -> str:
        found = ", ".join(f"{name}={value}" for name, value in self.properties.items())
        return printable(f"{self.path}: {found}")


def label_for(photo: str, predictions: Predictions, sure: float = SURE) -> Label | str:
    """The label of a photo, or the reason there is none.

    The rule: a photo gets a label only if neither it nor a sidecar has a place, and at least
    ``sure`` of the probability (0 to 1) lies within 750 km of the best place. The label's error,
    ``GPSHPositioningError``, is the radius that holds half of the probability, in metres, and at
    least that of a circle as large as the best cell: the place is somewhere in it. Raises
    `PhotoError` if a sidecar can't be read.
    """
    answer = predictions.answer
    if predictions.photo.place:
        return "has a place already"
    if answer is None or answer.shares[-1] < sure:
        return "the answer is not sure"
    cell = np.array([int(predictions[0].token.ljust(16, "0"), 16)], np.uint64)
    km = max(answer.half_km, math.sqrt(float(areas_km2(cell)[0]) / math.pi))
    return _label(photo, answer.place, f"estimated by geonb, {predictions.model}", km)


def trip_label(photo: str, place: Place, km: float, *, confirmed: bool) -> Label | str:
    """The label of a photo whose place a person confirmed or not, or the reason there is none.

    ``km`` is how far the place may be off; 0 if nobody knows. A photo that has a place keeps it,
    but what geonb estimated gives way to what was confirmed. Raises `PhotoError` if the photo or a
    sidecar can't be read.
    """
    if not is_address(photo) and open_photo(photo).place:
        return "has a place already"
    how = "confirmed by a person, with geonb" if confirmed else "estimated by geonb, not confirmed"
    return _label(photo, place, how, km, replacing=confirmed)


def _label(
    photo: str, place: Place, how: str, km: float, *, replacing: bool = False
) -> Label | str:
    if is_address(photo):
        return "isn't a local file"
    there = _sidecars(Path(photo))
    for path in list(there):
        sidecar = xmp.read(path)
        found = {name: xmp.get(sidecar, name) for name in _PLACE}
        if replacing and found.items() <= _wrote(xmp.get(sidecar, _MARK)).items():
            there.insert(0, path)
        elif set(found.values()) != {None}:
            return "its sidecar has a place already"
    (lat, lng), town = place, nearest_town(place)
    properties = {
        "exif:GPSLatitude": in_degrees(lat, "NS"),
        "exif:GPSLongitude": in_degrees(lng, "EW"),
        "exif:GPSMapDatum": "WGS-84",
        "exif:GPSProcessingMethod": printable(how),
        "photoshop:Country": town.country,
    }
    if km:
        properties["exif:GPSHPositioningError"] = f"{max(round(1000 * km), 1)}/1"
    if km <= 25:  # no town where half of the probability lies farther off
        properties["photoshop:City"] = town.city or town.name
    return Label(there[0] if there else Path(f"{photo}.xmp"), properties)


def write_label(found: Label) -> None:
    """Write a label into its sidecar, instead of an earlier one; what else it holds stays.

    Raises `PhotoError` if it can't be read, `OutputError` if it can't be written.
    """
    sidecar = xmp.read(found.path) if found.path.exists() else xmp.new()
    _take_back(sidecar)
    added = {name: x for name, x in found.properties.items() if xmp.get(sidecar, name) is None}
    xmp.add(sidecar, added | {_MARK: json.dumps(added)})
    xmp.write(sidecar, found.path)


class Removed(Enum):
    """What `remove_label` did: a label is removed in part if its values were changed since."""

    NOTHING, PART, ALL = range(3)


def remove_label(photo: Path) -> Removed:
    """Remove what geonb wrote into a photo's sidecars.

    A value that was changed since stays, and so does the whole place if a part of it was. A
    sidecar that held nothing else is deleted. Raises `PhotoError`, `OutputError`.
    """
    done = Removed.NOTHING
    for path in _sidecars(photo):
        sidecar = xmp.read(path)
        if xmp.get(sidecar, _MARK) is None:
            continue
        wrote = _take_back(sidecar)
        if xmp.is_new(sidecar):
            path.unlink()
        else:
            xmp.write(sidecar, path)
        changed = [name for name in wrote if xmp.get(sidecar, name) is not None]
        done = Removed.PART if changed else Removed.ALL
    return done


def _take_back(sidecar: Document) -> dict[str, str]:
    """Remove what geonb wrote, but for what was changed since; what that was."""
    mark = xmp.get(sidecar, _MARK)
    wrote = _wrote(mark)
    own = {name for name, value in wrote.items() if xmp.get(sidecar, name) == value}
    if not own.issuperset(set(_PLACE) & set(wrote)):
        own -= set(_PLACE)  # the other half belongs to what somebody corrected
    for name in own:
        xmp.remove(sidecar, name, wrote[name])
    if mark is not None:
        xmp.remove(sidecar, _MARK, mark)
    return wrote


def _wrote(mark: str | None) -> dict[str, str]:
    """The properties that the mark of a sidecar names, with their values; others are nobody's."""
    try:
        found = json.loads(mark or "")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return {}
    return {name: str(value) for name, value in found.items() if name in _PROPERTIES}


def _sidecars(photo: Path) -> list[Path]:
    """The sidecars that are there: of darktable's and digiKam's name, and of Adobe's."""
    both = (photo.with_name(f"{photo.name}.xmp"), photo.with_suffix(".xmp"))
    return [path for path in both if path.exists() or path.is_symlink()]


def in_degrees(value: float, letters: str) -> str:
    """XMP's text of a coordinate: 35,39.5160N."""
    whole, minutes = divmod(round(abs(value) * 60, 4), 60)
    return f"{int(whole)},{minutes:.4f}{letters[value < 0]}"
