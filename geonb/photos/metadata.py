"""What a photo's metadata tells: how it is turned, who took it, and where (EXIF and XMP)."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from numbers import Real
from typing import Any, NamedTuple, TypeAlias

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from geonb.distances import Place
from geonb.photos import tiff
from geonb.photos.tiff import Tag

XMP_EXIF, _XMP_TIFF = "{http://ns.adobe.com/exif/1.0/}", "{http://ns.adobe.com/tiff/1.0/}"
"""The names of properties in XMP begin so (XMP specification part 2, 3.2 and 3.3)."""
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF"
_CREATED = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}LocationCreated"
"""Where the camera was, by IPTC; `LocationShown` is what the picture shows."""
_MOST_TAGS = 100_000
"""Of a packet; each takes some hundred bytes while it's read."""


class Geotag(NamedTuple):
    """A place that is told: (latitude, longitude) in degrees, and what told it.

    ``assumed`` is whether it told neither letters nor a sign: the place may lie in another
    hemisphere.
    """

    place: Place
    source: str
    assumed: bool = False


Geotags: TypeAlias = "Sequence[Geotag | None]"


class Facts(NamedTuple):
    """What metadata tells of a photo.

    Attributes:
        turn: 1 to 8, how the stored picture is turned (EXIF, or else XMP); 1 is upright.
        artist: Who took the photo; empty if it isn't told.
        own: The places that EXIF and XMP tell.
        created: The places in XMP's `LocationCreated`.
    """

    turn: int
    artist: str
    own: Geotags
    created: Geotags


def read(blocks: Sequence[bytes], packets: Sequence[bytes]) -> Facts:
    """The facts in blocks of EXIF, the first of which counts, and in packets of XMP."""
    artist = ""
    gps: list[Mapping[int, Any]] = []
    for data in blocks:
        with suppress(ValueError):
            top = tiff.directory(data)
            artist = artist or (top[tiff.ARTIST].text if tiff.ARTIST in top else "")
            inner = linked(top, tiff.EXIF)
            # CR3 keeps the GPS directory in a block of its own: there it is the first.
            found = (linked(top, tiff.GPS), linked(inner, tiff.GPS), top)
            gps += [
                {key: tag.numbers or tag.text for key, tag in tags.items() if key < 5}
                for tags in found
            ]
    told = [properties(packet) for packet in packets]
    turns = [str(tiff.turn(blocks)), *(own.get(f"{_XMP_TIFF}Orientation") for own, _ in told)]
    turn = next((int(text) for text in turns if text and text in set("12345678")), 1)
    # Tags 1 to 4 are letter, latitude, letter, longitude (Exif 3.0, 4.6.6).
    geotags = [geotag((g.get(2), g.get(1)), (g.get(4), g.get(3)), "EXIF") for g in gps]
    geotags += [in_xmp(own, "XMP") for own, _ in told]
    return Facts(turn, artist, geotags, [in_xmp(c, "XMP, LocationCreated") for _, c in told])


def linked(tags: Mapping[int, Tag], link: int) -> dict[int, Tag]:
    """The directory that a tag leads to; empty if there's none."""
    for at in tags[link].numbers[:1] if link in tags else ():
        if 0 < at < len(tags[link].block):
            return tiff.directory(tags[link].block, at)
    return {}


def geotag_of(facts: Facts, before: Geotags = (), after: Geotags = ()) -> Geotag | None:
    """Where the photo was taken, by its metadata and what stands beside its file.

    ``before`` goes before the photo's own word, ``after`` only before its `LocationCreated`. The
    first that tells its hemisphere counts, or else the first (docs/photo-places.md).
    """
    geotags = filter(None, [*before, *facts.own, *after, *facts.created])
    return min(geotags, key=lambda found: found.assumed, default=None)


def in_xmp(found: Mapping[str, str], source: str) -> Geotag | None:
    """The place in properties of XMP."""
    lat, north, lng, east = (
        found.get(f"{XMP_EXIF}GPS{name}")
        for name in ("Latitude", "LatitudeRef", "Longitude", "LongitudeRef")
    )
    return geotag((lat, north), (lng, east), source)


def geotag(lat: tuple[Any, Any], lng: tuple[Any, Any], source: str) -> Geotag | None:
    """The place of two coordinates, each a number with its letter; None if it's nonsense.

    A coordinate without N, S, E or W keeps the sign of its number.
    """
    try:
        (north, north_told), (east, east_told) = degrees(*lat, "NS"), degrees(*lng, "EW")
    except ValueError:
        return None
    # Cameras without a fix write 0, 0: a buoy in the Gulf of Guinea, where few take photos.
    if abs(north) > 90 or abs(east) > 180 or (north, east) == (0, 0):
        return None
    told = {north_told, east_told}  # whoever writes one negative number writes signs
    return Geotag((north, east), source, "" in told and "sign" not in told)


def degrees(value: Any, reference: Any, sides: str) -> tuple[float, str]:
    """Signed degrees of a coordinate, and what told the side: a letter, a sign, or nothing.

    ``sides`` are the letters of positive and negative.
    """
    letter, plus = _text(reference).upper()[:1], False
    if isinstance(value, (str, bytes)):
        text = _DECIMAL_COMMA.sub(r"\1.\2", _text(value))
        letter = letter or "".join(_LETTER.findall(text)).upper()
        plus = text.startswith("+")
        value = re.findall(r"[-+]?\d+(?:[.]\d+)?", text)
    degrees, minutes, seconds = _numbers(value)
    if letter not in {"", *sides} or not (0 <= minutes <= 60 and 0 <= seconds <= 60):
        raise ValueError("not a coordinate")
    size = abs(degrees) + minutes / 60 + seconds / 3600
    minus = letter == sides[1] if letter else math.copysign(1, degrees) < 0
    return -size if minus else size, "letter" if letter else "sign" if minus or plus else ""


_DECIMAL_COMMA = re.compile(r"""(\d),(\d{3,}(?![\d.,])|\d+(?=\s*(?:"|″|''|sec)))""")
"""A comma before the digits of a fraction: 52,5163 or 12,5"; elsewhere it parts numbers."""
_LETTER = re.compile("(?<![A-Za-z])[NSEWnsew](?![A-Za-z])")


def _text(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 \t\r\n")


def _numbers(parts: Any) -> tuple[float, float, float]:
    """Degrees, minutes, seconds; minutes and seconds that are absent, or 0/0, are 0."""
    some = parts if isinstance(parts, (tuple, list)) else (parts,)
    values = [_float(part) for part in some if isinstance(part, (Real, str))]
    if not 1 <= len(values) == len(some) <= 3 or not math.isfinite(values[0]):
        raise ValueError("not a coordinate")
    rest = [0.0 if math.isnan(value) else value for value in values[1:]]
    minutes, seconds = [*rest, 0.0, 0.0][:2]
    return values[0], minutes, seconds


def _float(number: Any) -> float:
    try:
        return float(number)
    except (ZeroDivisionError, OverflowError):  # 0/0, in Pillow before 12.2; 400 digits of JSON
        return math.nan


def properties(packet: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """In XMP the photo's own properties, and those of where it was created, by full name.

    A property of the photo is an attribute or a child of a description at the top. What stands
    deeper belongs to something else: a shown place, an ingredient, an earlier version. Names are
    ElementTree's: ``{namespace}name``. Both are empty if the packet isn't XML.
    """
    own, created = dict[str, str](), dict[str, str]()
    if packet.count(b"<") > _MOST_TAGS:
        return own, created
    try:
        root = fromstring(packet.strip(b"\0 \t\r\n"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return own, created
    for description in (node for top in (root, *root) if top.tag == _RDF for node in top):
        _collect(own, description.attrib.items())
        _collect(own, ((node.tag, node.text) for node in description if not len(node)))
        for node in (node for place in description.findall(_CREATED) for node in place.iter()):
            _collect(created, [*node.attrib.items(), (node.tag, node.text)])
    return own, created


def _collect(found: dict[str, str], more: Iterable[tuple[str, str | None]]) -> None:
    """Add what isn't empty, and isn't there yet."""
    for name, text in more:
        if text and text.strip():
            found.setdefault(name, text.strip())
