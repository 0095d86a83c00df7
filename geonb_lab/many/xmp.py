"""XMP sidecars as XML: what geonb doesn't know in them stays as it is.

Names: XMP specification part 1 (Adobe, 2012), section 7: a sidecar holds one ``rdf:RDF``, whose
``rdf:Description`` elements hold the properties, as attributes or as elements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.dom.minidom import Element, Text
from xml.etree import ElementTree as ET
from xml.parsers.expat import ExpatError

from geonb.errors import PhotoError
from geonb.files import expecting, regular
from geonb.writing import replacing

if TYPE_CHECKING:
    from pathlib import Path
    from xml.dom.minidom import Document

_XMLNS = "http://www.w3.org/2000/xmlns/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SPACES = {
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "geonb": "https://pypi.org/project/geonb/xmp/",
}
"""The namespaces of what geonb writes, by the prefixes that it calls them."""
_NEW = (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="geonb"><rdf:RDF xmlns:rdf="{_RDF}">'
    '<rdf:Description rdf:about=""/></rdf:RDF></x:xmpmeta>'
)
_MOST_BYTES = 10_000_000
_MOST = {"<": 50_000, "xmlns": 1000}
"""What makes a file slow to read: each namespace is looked for at each tag."""
_LEFT = "; it is left as it is"


@dataclass
class Sidecar:
    """An XMP file that is read, changed and written again."""

    document: Document
    changed: dict[str, str | None] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """The text of a property, such as ``exif:GPSLatitude``; None if it isn't there."""
        space, local = _split(name)
        for part in self._parts():
            if part.hasAttributeNS(space, local):
                return str(part.getAttributeNS(space, local))
            for child in part.childNodes:
                if (child.namespaceURI, child.localName) == (space, local):
                    return "".join(node.data for node in child.childNodes if isinstance(node, Text))
        return None

    def set(self, name: str, value: str) -> None:
        """Add a property that isn't there."""
        part, (space, local) = self._parts()[0], _split(name)
        part.setAttributeNS(space, f"{self._prefix(part, name)}:{local}", value)
        self.changed[name] = value

    def remove(self, name: str) -> None:
        """Take a property out, if it's there."""
        space, local = _split(name)
        for part in self._parts():
            if part.hasAttributeNS(space, local):
                part.removeAttributeNS(space, local)
            for child in list(part.childNodes):
                if (child.namespaceURI, child.localName) == (space, local):
                    part.removeChild(child)
            self._forget(part)
        self.changed[name] = None

    def is_new(self) -> bool:
        """Whether nothing is in it that geonb didn't write."""
        return _canonical(self.text()) == _canonical(_NEW)

    def text(self) -> str:
        """The file: comments and processing instructions outside the root too."""
        lines = [node.toxml() for node in self.document.childNodes]
        if self.document.version:  # there was a declaration
            lines.insert(0, '<?xml version="1.0" encoding="UTF-8"?>')
        return "\n".join([*lines, ""])

    def write(self, path: Path) -> None:
        """Write the file if it reads back as it should, whole or not at all.

        Raises `PhotoError` if it doesn't, and `OutputError` if it can't be written.
        """
        with replacing(path) as temporary:
            temporary.write_text(self.text(), encoding="utf-8")
            again = read(temporary, path)
            if any(again.get(name) != value for name, value in self.changed.items()):
                raise PhotoError(f"{path}: doesn't read back as it was written{_LEFT}")

    def _parts(self) -> list[Element]:
        """The descriptions that hold the properties; one is made if there is none."""
        [rdf, *_] = self.document.getElementsByTagNameNS(_RDF, "RDF")
        parts = [
            node
            for node in rdf.childNodes
            if isinstance(node, Element)
            and (node.namespaceURI, node.localName) == (_RDF, "Description")
        ]
        if not parts:
            prefix = rdf.prefix and f"{rdf.prefix}:"
            part = self.document.createElementNS(_RDF, f"{prefix or ''}Description")
            if prefix:
                part.setAttributeNS(_RDF, f"{prefix}about", "")
            parts = [rdf.appendChild(part)]
        return parts

    def _prefix(self, part: Element, name: str) -> str:
        """The prefix of a property's namespace, declared at the description if it wasn't yet."""
        own, _, _ = name.partition(":")
        bound: dict[str, str] = {}
        node: Any = part
        while isinstance(node, Element):
            for attribute in node.attributes.values():
                if attribute.namespaceURI == _XMLNS and attribute.prefix:
                    bound.setdefault(attribute.localName, attribute.value)
            node = node.parentNode
        for prefix, space in bound.items():
            if space == SPACES[own]:
                return prefix
        prefix = next(p for p in (own, *(f"{own}{i}" for i in range(99))) if p not in bound)
        part.setAttributeNS(_XMLNS, f"xmlns:{prefix}", SPACES[own])
        return prefix

    def _forget(self, part: Element) -> None:
        """Take out the declaration of geonb's own namespace, if nothing uses it any more."""
        for prefix, space in SPACES.items():
            name = f"xmlns:{prefix}"
            if part.getAttribute(name) == space and f"{prefix}:" not in part.toxml():
                part.removeAttribute(name)


def read(path: Path, shown: Path | None = None) -> Sidecar:
    """Read a sidecar, which errors call by the name ``shown``.

    Raises `PhotoError` if it isn't one, is a link, or holds what would be lost in writing it.
    """
    name = shown or path
    with expecting(name, "an XMP sidecar", PhotoError, ExpatError, RecursionError, advice=_LEFT):
        if path.is_symlink():
            raise PhotoError(f"{name}: a link; label its target's photo instead{_LEFT}")
        if regular(path).stat().st_size > _MOST_BYTES:
            raise PhotoError(f"{name}: larger than {_MOST_BYTES:,} bytes, expected an XMP sidecar")
        data = path.read_bytes()
        for mark, most in _MOST.items():
            if data.count(mark.encode()) > most:
                raise PhotoError(f"{name}: has {mark!r} more than {most:,} times{_LEFT}")
        sidecar = _parsed(data)
        if not sidecar.document.getElementsByTagNameNS(_RDF, "RDF"):
            raise PhotoError(f"{name}: expected an XMP sidecar, with rdf:RDF in it{_LEFT}")
        doctype = sidecar.document.doctype
        elsewhere = doctype and doctype.systemId  # what its entities are, only that file tells
        if elsewhere or _canonical(data) != _canonical(sidecar.text()):
            raise PhotoError(f"{name}: holds what would be lost{_LEFT}")
    return sidecar


def new() -> Sidecar:
    """A sidecar that holds nothing yet."""
    return _parsed(_NEW.encode())


def _parsed(data: bytes) -> Sidecar:
    from defusedxml import minidom

    return Sidecar(minidom.parseString(data))


def _canonical(data: bytes | str) -> str:
    """XML as it is compared: the same whatever the order of attributes and the quotes are."""
    return ET.canonicalize(data, with_comments=True)


def _split(name: str) -> tuple[str, str]:
    space, _, local = name.partition(":")
    return SPACES[space], local
