"""XMP: what the packet in a photo, or the sidecar beside it, says of the photo itself."""

from __future__ import annotations

from contextlib import suppress

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF"
_CREATED = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}LocationCreated"
"""Where the camera was, by IPTC; `LocationShown` is what the picture shows."""
_MOST_ELEMENTS = 200_000


class _Properties:
    """Collects properties while a packet is read; no tree is built.

    A property of the photo is an attribute or a child of a description at the top. What stands
    deeper belongs to something else: a shown place, an ingredient, an earlier version.
    """

    def __init__(self) -> None:
        self.own: dict[str, str] = {}
        self.created: dict[str, str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        self._text.clear()
        self._count += 1
        if self._count > _MOST_ELEMENTS:
            raise ValueError(f"more than {_MOST_ELEMENTS:,} elements")
        found = self._holder(len(self._path) - 1)
        if found is not None:
            for name, value in attributes.items():
                found.setdefault(name, value)

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, tag: str) -> None:
        found = self._holder(len(self._path) - 2)
        if found is not None and (text := "".join(self._text).strip()):
            found.setdefault(tag, text)
        self._text.clear()
        self._path.pop()

    @property
    def whole(self) -> bool:
        """Whether the root was closed; GIF has bytes after it that are no XML."""
        return bool(self._count) and not self._path

    def _holder(self, depth: int) -> dict[str, str] | None:
        """Whose properties the node at this depth has: the photo's, a place's, or nobody's."""
        path = self._path
        if _RDF not in path[:2]:
            return None
        top = path.index(_RDF) + 1
        if depth == top:
            return self.own
        return self.created if depth > top and path[top + 1] == _CREATED else None


def properties(packet: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """The photo's own properties, and those of the place where it was created, by full name.

    Names are ElementTree's: ``{namespace}name``. Both are empty if the packet isn't XML.
    """
    found = _Properties()
    parser = XMLParser(target=found, forbid_dtd=True)
    with suppress(ParseError, DefusedXmlException, ValueError, LookupError):
        parser.feed(packet.strip(b"\0 \t\r\n"))
        parser.close()
    return (found.own, found.created) if found.whole else ({}, {})
