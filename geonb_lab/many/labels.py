"""Location labels: XMP sidecars beside photos, which photo managers read. Photos stay untouched.

Names: XMP specification part 2 (Adobe, 2016), sections 2.3 (photoshop) and 3.3 (exif).
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np

from geonb.answers import SURE
from geonb.earth.outlines import areas_km2
from geonb.errors import PhotoError, printable
from geonb.files import expecting, regular
from geonb.writing import replacing

if TYPE_CHECKING:
    from geonb.predictions import Predictions

_SPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "geonb": "https://pypi.org/project/geonb/xmp/",
}
_PROPERTIES = (
    "exif:GPSLatitude",
    "exif:GPSLongitude",
    "exif:GPSMapDatum",
    "exif:GPSProcessingMethod",
    "exif:GPSHPositioningError",
    "photoshop:City",
    "photoshop:Country",
)
_MARK = "geonb:wrote"
"""Lists the properties that geonb wrote into a sidecar: `remove_label` removes just these."""
_MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class Label:
    """What a sidecar is to say of a photo.

    Attributes:
        path: The sidecar: ``photo.jpg.xmp``, or ``photo.xmp`` if that is there already.
        properties: Its XMP properties by name, such as ``exif:GPSLatitude``.
    """

    path: Path
    properties: dict[str, str]

    def __str__(self) -> str:
        found = ", ".join(f"{name}={value}" for name, value in self.properties.items())
        return printable(f"{self.path}: {found}")


def label_for(photo: str, predictions: Predictions, sure: float = SURE) -> Label | str:
    """The label of a photo, or in words why it gets none.

    The rule: a photo gets a label only if neither it nor its sidecar has a place, and at least
    ``sure`` of the probability (0 to 1) lies within 750 km of the best place. The label's error,
    ``GPSHPositioningError``, is the radius that holds half of the probability, in metres, and at
    least that of a circle as large as the best cell: the place is somewhere in it.
    """
    answer = predictions.answer
    if "://" in photo:
        return "is no file of this machine"
    if predictions.photo.place:
        return "has a place already"
    if answer is None or answer.shares[-1] < sure:
        return "the answer is not sure"
    path = _sidecar(Path(photo))
    if path.exists() and _read(path).has("exif:GPSLatitude"):
        return "its sidecar has a place already"
    lat, lng = answer.place
    cell = np.array([int(predictions[0].token.ljust(16, "0"), 16)], np.uint64)
    km = max(answer.half_km, math.sqrt(float(areas_km2(cell)[0]) / math.pi))
    properties = {
        "exif:GPSLatitude": _degrees(lat, "NS"),
        "exif:GPSLongitude": _degrees(lng, "EW"),
        "exif:GPSMapDatum": "WGS-84",
        "exif:GPSProcessingMethod": f"estimated by geonb, {predictions.model}",
        "exif:GPSHPositioningError": f"{max(round(1000 * km), 1)}/1",
    }
    if km <= 25:  # no town where half of the probability lies farther off
        properties["photoshop:City"] = answer.town.city or answer.town.name
    return Label(path, properties | {"photoshop:Country": answer.town.country})


def write_label(found: Label) -> None:
    """Write a label into its sidecar; what else the sidecar holds stays.

    Raises `PhotoError` if it can't be read, `OutputError` if it can't be written.
    """
    sidecar = _read(found.path) if found.path.exists() else _new()
    new = {name: value for name, value in found.properties.items() if not sidecar.has(name)}
    target = sidecar.parts[0]
    for name, value in (new | {_MARK: " ".join(new)}).items():
        target.set(_full(name), value)
    sidecar.write(found.path)


def remove_label(photo: Path) -> bool:
    """Remove what geonb wrote into a photo's sidecar; whether there was anything.

    A sidecar that holds nothing else is deleted. Raises `PhotoError`.
    """
    removed = False
    for path in filter(Path.is_file, _sidecars(photo)):
        sidecar = _read(path)
        if not sidecar.has(_MARK):
            continue
        for part in sidecar.parts:
            for name in part.attrib.pop(_full(_MARK), "").split():
                if name in _PROPERTIES:
                    part.attrib.pop(_full(name), None)
        if sidecar.is_empty():
            path.unlink()
        else:
            sidecar.write(path)
        removed = True
    return removed


def _sidecars(photo: Path) -> tuple[Path, Path]:
    """The two names: darktable's and digiKam's, and Adobe's."""
    return photo.with_name(f"{photo.name}.xmp"), photo.with_suffix(".xmp")


def _sidecar(photo: Path) -> Path:
    first, second = _sidecars(photo)
    return second if second.exists() and not first.exists() else first


def _degrees(value: float, letters: str) -> str:
    """XMP's text of a coordinate: 35,39.5160N."""
    whole, minutes = divmod(round(abs(value) * 60, 4), 60)
    return f"{int(whole)},{minutes:.4f}{letters[value < 0]}"


def _full(name: str) -> str:
    space, _, local = name.partition(":")
    return f"{{{_SPACES[space]}}}{local}"


@dataclass
class _Sidecar:
    """An XMP file: its tree, and the text before and after it, such as xpacket's marks."""

    root: ET.Element
    before: bytes = b""
    after: bytes = b"\n"

    @property
    def parts(self) -> list[ET.Element]:
        """The descriptions, which hold the properties as attributes or as elements."""
        return self.root.findall(f".//{_full('rdf:Description')}")

    def has(self, name: str) -> bool:
        """Whether a property is there."""
        key = _full(name)
        return any(key in part.attrib or part.find(key) is not None for part in self.parts)

    def is_empty(self) -> bool:
        """Whether no description holds a property."""
        about = {_full("rdf:about")}
        return not any(len(part) or set(part.attrib) - about for part in self.parts)

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises `OutputError`."""
        try:
            with replacing(path) as temporary:
                temporary.write_bytes(self.before + ET.tostring(self.root) + self.after)
        except RecursionError as error:
            raise PhotoError(
                f"{path}: nested too deep for a sidecar; it is left as it is"
            ) from error


def _new() -> _Sidecar:
    for prefix, uri in _SPACES.items():
        ET.register_namespace(prefix, uri)
    root = ET.Element(_full("x:xmpmeta"), {_full("x:xmptk"): "geonb"})
    rdf = ET.SubElement(root, _full("rdf:RDF"))
    ET.SubElement(rdf, _full("rdf:Description"), {_full("rdf:about"): ""})
    return _Sidecar(root)


def _read(path: Path) -> _Sidecar:
    with expecting(path, "an XMP sidecar", PhotoError, advice="; it is left as it is"):
        if regular(path).stat().st_size > _MOST_BYTES:
            raise PhotoError(f"{path}: larger than {_MOST_BYTES:,} bytes, expected an XMP sidecar")
        data = path.read_bytes()
        # ElementTree would rename the prefixes that other programs chose.
        for _, (prefix, uri) in ET.iterparse(io.BytesIO(data), ["start-ns"]):  # noqa: S314
            if prefix and not re.fullmatch(r"ns\d+|xml", prefix):
                ET.register_namespace(prefix, uri)
        sidecar = _Sidecar(ET.fromstring(data))  # noqa: S314 - bounded, and expat is
    if not sidecar.parts:
        raise PhotoError(f"{path}: an XMP sidecar without a Description; it is left as it is")
    start = re.search(rb"<[^?!]", data)
    end = data.rfind(b"</")
    if start and end > 0:
        sidecar.before, sidecar.after = data[: start.start()], data[data.find(b">", end) + 1 :]
    return sidecar
