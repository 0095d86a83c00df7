"""Photos in a notebook: small, without their EXIF, and with words."""

from __future__ import annotations

import io
from dataclasses import dataclass

from geonb.errors import printable
from geonb.photos.photo import Photo, PhotoSource, open_photo
from geonb.shown.pictures import data_url, tag

_QUALITY = 90


@dataclass(frozen=True, eq=False)
class ShownPhoto:
    """A photo as notebooks show it; terminals show the words.

    Attributes:
        photo: The photo itself, whole.
        alt: What it shows, for people who can't see it.
        side: Pixels on the longer side, at most.
    """

    photo: Photo
    alt: str
    side: int

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        return tag(self.alt, thumbnail(self.photo, self.side), "jpeg")

    def data_url(self) -> str:
        """The photo as an address that holds it."""
        return data_url(thumbnail(self.photo, self.side), "jpeg")


def show_photo(photo: PhotoSource, alt: str = "", side: int = 480) -> ShownPhoto:
    """Show a photo, at most ``side`` pixels wide and high.

    ``alt`` says what it shows, for people who can't see it; the default is the photo's own
    words. The notebook saves what it shows: the photo at this size, without its EXIF.
    Raises `PhotoError`.
    """
    photo = open_photo(photo)
    width, height = photo.size
    words = alt or photo.alt or f"The photo {photo.name}, {width} x {height} pixels"
    return ShownPhoto(photo, printable(words), side)


def thumbnail(photo: Photo, side: int, kind: str = "JPEG", **options: int) -> bytes:
    """A picture of at most ``side`` pixels on each side, without EXIF; ``options`` are Pillow's."""
    image = photo.image(short_side=side)
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"quality": _QUALITY} | options))
    return buffer.getvalue()
