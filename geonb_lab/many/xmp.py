"""XMP sidecars as XML: what geonb doesn't know in them stays as it is.

A sidecar holds one ``rdf:RDF``, and the ``rdf:Description`` elements in it hold the properties, as
attributes or as elements (XMP specification part 1, Adobe, 2012, section 7). geonb adds a
description of its own.
"""

from collections.abc import Mapping
from pathlib import Path
from xml.dom.minidom import Document, Element, Text
from xml.etree import ElementTree as ET
from xml.parsers.expat import ExpatError

from defusedxml import minidom

from geonb.errors import PhotoError
from geonb.files import expecting, regular
from geonb.writing import replacing

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SPACES = {
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "geonb": "https://pypi.org/project/geonb/xmp/",
}
_NEW = (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="geonb"><rdf:RDF xmlns:rdf="{_RDF}"></rdf:RDF>'
    "</x:xmpmeta>"
)
_MOST_BYTES = 10_000_000
_MOST = {"<": 50_000, "xmlns": 1000}
"""What makes a file slow to read: each namespace is looked for at each tag."""
_LEFT = "; it is left as it is"


def read(path: Path, shown: Path | None = None) -> Document:
    """Read a sidecar, which errors call by the name ``shown``.

    Raises `PhotoError` if it isn't one, is a link, or holds what would be lost in writing it.
    """
    name = shown or path
    with expecting(name, "an XMP sidecar", PhotoError, ExpatError, ET.ParseError, advice=_LEFT):
        if path.is_symlink():
            raise PhotoError(f"{name}: a link; label its target's photo instead{_LEFT}")
        if regular(path).stat().st_size > _MOST_BYTES:
            raise PhotoError(f"{name}: over {_MOST_BYTES:,} bytes, expected an XMP sidecar{_LEFT}")
        data = path.read_bytes()
        for mark, most in _MOST.items():
            if data.count(mark.encode()) > most:
                raise PhotoError(f"{name}: has {mark!r} more than {most:,} times{_LEFT}")
        sidecar = minidom.parseString(data)
        if not sidecar.getElementsByTagNameNS(_RDF, "RDF"):
            raise PhotoError(f"{name}: expected an XMP sidecar, with rdf:RDF in it{_LEFT}")
        # Its entities would be in that other file.
        elsewhere = sidecar.doctype and sidecar.doctype.systemId
        if elsewhere or _canonical(data) != _canonical(text(sidecar)):
            raise PhotoError(f"{name}: holds what would be lost{_LEFT}")
    return sidecar


def new() -> Document:
    """A sidecar that holds nothing yet."""
    return minidom.parseString(_NEW)


def get(sidecar: Document, name: str) -> str | None:
    """The text of a property, such as ``exif:GPSLatitude``; None if it isn't there."""
    space, local = _split(name)
    for part in _parts(sidecar):
        if part.hasAttributeNS(space, local):
            return part.getAttributeNS(space, local)
        for child in _children(part, space, local):
            return "".join(node.data for node in child.childNodes if isinstance(node, Text))
    return None


def add(sidecar: Document, properties: Mapping[str, str]) -> None:
    """Add properties that aren't there, in a description of their own."""
    part = sidecar.createElementNS(_RDF, "rdf:Description")
    part.setAttribute("xmlns:rdf", _RDF)
    part.setAttributeNS(_RDF, "rdf:about", "")
    for name, value in properties.items():
        space, _ = _split(name)
        part.setAttribute(f"xmlns:{name.partition(':')[0]}", space)
        part.setAttributeNS(space, name, value)
    _rdf(sidecar).appendChild(part)


def remove(sidecar: Document, name: str, value: str) -> None:
    """Take a property out where it holds the value alone, and its description if it's empty."""
    space, local = _split(name)
    for part in _parts(sidecar):
        found = _children(part, space, local)
        there = [child for child in found if not _held(child) and _text(child) == value]
        for child in there:
            part.removeChild(child)
        if part.hasAttributeNS(space, local) and part.getAttributeNS(space, local) == value:
            part.removeAttributeNS(space, local)
        elif not there:
            continue
        if _held(part) <= {"rdf:about"} and not part.childNodes:
            _rdf(sidecar).removeChild(part)


def is_new(sidecar: Document) -> bool:
    """Whether nothing is in it that geonb didn't write."""
    return _canonical(text(sidecar)) == _canonical(_NEW)


def text(sidecar: Document) -> str:
    """The file: comments and processing instructions outside the root too."""
    lines = [node.toxml() for node in sidecar.childNodes]
    if sidecar.version:  # there was a declaration
        lines.insert(0, '<?xml version="1.0" encoding="UTF-8"?>')
    return "\n".join([*lines, ""])


def write(sidecar: Document, path: Path) -> None:
    """Write a sidecar, whole or not at all, if it reads back.

    Raises `PhotoError` if it doesn't, and `OutputError` if it can't be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(text(sidecar), encoding="utf-8")
        read(temporary, path)


def _rdf(sidecar: Document) -> Element:
    return sidecar.getElementsByTagNameNS(_RDF, "RDF")[0]


def _parts(sidecar: Document) -> list[Element]:
    return _children(_rdf(sidecar), _RDF, "Description")


def _canonical(data: bytes | str) -> str:
    """XML as it is compared: the same whatever the order of attributes and the quotes are."""
    return ET.canonicalize(data, with_comments=True)


def _split(name: str) -> tuple[str, str]:
    space, _, local = name.partition(":")
    return _SPACES[space], local


def _held(part: Element) -> set[str]:
    """The names of an element's attributes, but for those of namespaces."""
    names = {attribute.name for attribute in part.attributes.values()}
    return {name for name in names if name != "xmlns" and not name.startswith("xmlns:")}


def _text(part: Element) -> str | None:
    """What an element holds if that's text alone."""
    nodes = [node for node in part.childNodes if isinstance(node, Text)]
    return "".join(n.data for n in nodes) if len(nodes) == len(part.childNodes) else None


def _children(part: Element, space: str, local: str) -> list[Element]:
    """The elements of a name that are directly in another."""
    nodes = [node for node in part.childNodes if isinstance(node, Element)]
    return [node for node in nodes if (node.namespaceURI, node.localName) == (space, local)]
