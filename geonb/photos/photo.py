"""Photos: opened from anything, upright, in sRGB, with the place that their file tells."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geonb.distances import Place
from geonb.errors import PhotoError
from geonb.files import expanded, expecting, regular
from geonb.kept import kept
from geonb.photos import jpeg, tiff
from geonb.photos.decoding import blocks_and_packets, decode, decoding, kind, open_image
from geonb.photos.pixels import TURNS, from_array, shrunk, to_rgb

if TYPE_CHECKING:
    from geonb.photos.metadata import Facts, Geotag

MAX_BYTES = 500_000_000
"""The largest file that is read; a larger one is not a photo."""
_LARGE, _START = 1_000_000, 1000
"""Bytes: whose end is looked for, and that tell what a file is."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture as the user gave it. It is decoded only when it is needed.

    Attributes:
        name: File name, address or description: what tables and errors call the photo.
        source: The file's bytes, or the pixels of a photo that was never a file.
        alt: What the photo shows, for people who can't see it; empty if not known.
        uploaded: Whether it came from a picker or an upload: maps then leave it out of notebooks.
        path: The file that it was opened from, beside which a library keeps its place.
        sidecars: The contents of those that were chosen with it in a picker, by their names.
    """

    name: str
    source: bytes | Image.Image
    alt: str = ""
    uploaded: bool = False
    path: Path | None = None
    sidecars: Mapping[str, bytes] | None = None

    def __repr__(self) -> str:
        try:
            about = f"{self.size[0]} x {self.size[1]} pixels"
        except PhotoError:
            about = "cannot be read"
        return f"<Photo {self.name!r}: {about}>"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, upright."""
        width, height = self._open().size
        return (height, width) if self._turn > 4 else (width, height)  # the quarter turns

    @property
    def place(self) -> Place | None:
        """(latitude, longitude) in degrees, where the photo was taken, or None.

        It is what the file's EXIF and XMP tell, and the sidecars and Google Takeout's JSON beside
        the file. IPTC's older form and captions are not read, so None does not mean that the file
        keeps the place secret. `predict` compares its answer with the place, and never shows it
        to the model.
        """
        return self._geotag.place if self._geotag else None

    @property
    def sure_place(self) -> Place | None:
        """The place, or None if its hemisphere is only assumed: then it's no truth."""
        return self.place if self._geotag and not self._geotag.assumed else None

    @property
    def place_source(self) -> str:
        """What told the place, such as ``EXIF`` or the name of a sidecar; empty without a place."""
        told = self._geotag
        return told.source + ", hemisphere assumed" * told.assumed if told else ""

    @property
    def note(self) -> str:
        """What has to be said beside the photo's answer; complete once it was decoded."""
        parts = [self._metadata[2], vars(self).get("cut")]
        if self._geotag and self._geotag.assumed:
            parts.append(f"the photo's place is by {self.place_source}")
        return "; ".join(filter(None, parts))

    @property
    def artist(self) -> str:
        """Who took the photo (EXIF), or nothing."""
        return self._facts.artist

    def image(self, short_side: int | None = None) -> Image.Image:
        """Decode the photo: upright, 8-bit sRGB, transparency on white.

        ``short_side`` is how many pixels you need on the shorter side: the picture is then
        decoded smaller, a JPEG several times faster. The result holds pixels only: no EXIF, no
        comment. Raises `PhotoError`.
        """
        image = self._open()
        try:
            decode(self.name, image, None if image is self.source else short_side)
        except PhotoError:
            from geonb.photos.cut import decode_rest

            rest = decode_rest(self.name, self.source, short_side)
            if not rest:
                raise
            image, vars(self)["cut"] = rest
        profile = image.info.get("icc_profile")
        with decoding(self.name, (ValueError, MemoryError)):
            image, turn = shrunk(image, short_side), TURNS.get(self._turn)
            return to_rgb(image if turn is None else image.transpose(turn), profile)

    def without_place(self, path: str | os.PathLike[str]) -> bool:
        """Write a copy that holds the picture only, and nothing about where it was taken.

        The place can be in EXIF, XMP, IPTC, previews and what cameras append. The copy keeps only
        the orientation and the colour profile. ``path`` ends in .jpg, .jpeg or .png. Returns True
        if the picture is the same to the bit (from JPEG to JPEG); otherwise it is encoded again.
        Raises `PhotoError`.
        """
        from geonb.photos.sharing import write_without_place

        return write_without_place(self, path, self._turn)

    def _open(self) -> Image.Image:
        """The picture, not yet decoded. Each question opens it anew: it takes little time."""
        if isinstance(self.source, Image.Image):
            return self.source
        return open_image(self.name, self.source)

    @property
    def _metadata(self) -> tuple[list[bytes], list[bytes], str]:
        """The blocks of EXIF and the packets of XMP in the file, and its note."""
        return blocks_and_packets(self.name, self.source)

    @property
    def _facts(self) -> Facts:
        from geonb.photos import metadata

        blocks, packets, _ = self._metadata
        return metadata.read(blocks, packets)

    @kept
    def _turn(self) -> int:
        """1 to 8, how the stored picture is turned; 1 is upright."""
        blocks, packets, _ = self._metadata
        # In most files EXIF tells it: the rest of the metadata is read when it's needed.
        return tiff.turn(blocks) or (self._facts.turn if packets else 1)

    @kept
    def _geotag(self) -> Geotag | None:
        from geonb.photos import metadata, sidecars

        if not (self.path or self.sidecars):
            return metadata.geotag_of(self._facts)
        beside = sidecars.beside(self.path or Path(self.name), self.sidecars)
        return metadata.geotag_of(self._facts, *beside)


PhotoSource: TypeAlias = (
    Photo
    | str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | BinaryIO
    | Image.Image
    | NDArray[Any]
    | Mapping[str, Any]
    | Sequence[Mapping[str, Any]]
)
"""What a photo can be; the last two are uploads of ipywidgets 7 and 8."""


def open_photo(source: PhotoSource, *, allow_private: bool = False) -> Photo:
    """Open a photo from a path, URL, bytes, file object, upload, Pillow image or array.

    An array is (height, width) or (height, width, 3 or 4): whole numbers 0 to 255 (0 to 65535 in
    16 bits), or floats 0 to 1, as in scikit-image. An upload is the value of a ``FileUpload`` of
    ipywidgets 7 or 8 that holds one file, or one file of several. ``allow_private`` allows an
    address in a private network or on this machine. Raises `PhotoError`.
    """
    match source:
        case Photo():
            return source
        case str() if ":" in source or "//" in source:  # perhaps; who has a path needs no web
            return _from_address(source, allow_private=allow_private)
        case str() | os.PathLike():
            return _from_path(source)
        case bytes() | bytearray() | memoryview():
            return _from_bytes("photo", bytes(source))
        case Image.Image() if not source.width * source.height:
            raise PhotoError(f"a picture of {source.width} x {source.height} pixels; it is empty")
        case Image.Image():
            return Photo(_named(str(getattr(source, "filename", "")) or "image"), source)
        case np.ndarray():
            return Photo("array", from_array(source))
    return _from_object(source)


def _from_address(address: str, *, allow_private: bool) -> Photo:
    from geonb.web.addresses import is_address, redacted

    if not is_address(address):
        return _from_path(address)
    if redacted(address) == "data:…":
        from geonb.photos.uploads import from_data_address

        return _from_bytes("data address", from_data_address(address.strip()))
    from geonb.photos.urls import fetch

    return _from_bytes(redacted(address), fetch(address, allow_private=allow_private))


def _from_object(source: Any) -> Photo:
    from geonb.photos import uploads

    if file := uploads.read(source, MAX_BYTES + 1):
        return _from_bytes(*file)
    if path := uploads.path_of(source):
        return open_photo(path)
    if upload := uploads.only_upload(source):
        return replace(_from_bytes(*upload), uploaded=True)
    raise PhotoError(
        f"cannot open a {type(source).__name__} as a photo; "
        "expected a path, URL, bytes, file object, upload, Pillow image or array"
    )


def _from_path(source: str | os.PathLike[str]) -> Photo:
    path = expanded(source)
    with expecting(path, "a photo", PhotoError, advice="; check the path"):
        if not path.exists():
            raise PhotoError(f"{path}: no such file; check the path")
        if path.is_dir():
            raise PhotoError(f"{path}: a folder, expected a photo; name a file in it")
        with regular(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    return replace(_from_bytes(os.fsdecode(source), data), path=path.absolute())


def _from_bytes(name: str, data: bytes | str) -> Photo:
    if isinstance(data, str):
        raise PhotoError(f"{name}: opened as text, expected bytes; open the file with mode 'rb'")
    if not data:
        raise PhotoError(f"{name}: the file is empty, expected a photo")
    if len(data) > MAX_BYTES:
        raise PhotoError(f"{name}: larger than {MAX_BYTES // 10**6} MB, expected a photo")
    return Photo(_named(name), data[: _end(data)] if len(data) > _LARGE else data)


def _end(data: bytes) -> int | None:
    """Where what a photo needs has ended: before films behind a JPEG, and zeros behind others.

    A picture's own zeros, of which it may end in many, are no more than 8 bytes a pixel.
    """
    if kind(data) == "JPEG":
        return jpeg.end(data)
    most = len(data.rstrip(b"\0")) + _START
    with suppress(PhotoError):
        most += 8 * math.prod(open_image("", data).size) if most < len(data) else 0
    return most


def _named(name: str) -> str:
    """The name as text that any file can hold: bytes that are not UTF-8 are escaped."""
    return name.encode(errors="backslashreplace").decode()
