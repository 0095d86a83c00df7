"""Pictures and photos that always carry their words: for notebooks, files and terminals."""

from __future__ import annotations

import base64
import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from geonb.errors import PictureError, printable
from geonb.photos.photo import Photo, PhotoSource, open_photo
from geonb.writing import SIGNATURE, check_outputs, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = {"png": "Software", "svg": "Creator", "pdf": "Creator"}
"""The formats that a drawing can be written in, and which of their metadata says what made it."""


@dataclass(frozen=True)
class Picture:
    """A drawing; notebooks show it with its words below, terminals show the words.

    Attributes:
        figure: Draws the matplotlib figure.
        alt: The picture in words, for people who can't see it.
        text: What belongs beside the picture, as plain text.
        html: The same as HTML.
    """

    figure: Callable[[], Figure]
    alt: str
    text: str = ""
    html: str = ""

    def __repr__(self) -> str:
        return self.text or self.alt

    def _repr_html_(self) -> str:
        return f'<div class="geonb">{tag(self.alt, self.image("png"))}</div>{self.html}'

    def _ipython_display_(self) -> None:
        """Show the picture as a PNG, and its words as HTML below it.

        These are two outputs because a notebook that is read on GitHub or printed shows no
        picture that is inside HTML, and because one picture is enough to draw and to save.
        """
        from IPython.display import display

        words = f"<style>{asset('geonb.css')}</style><p class='geonb-unseen'>{escape(self.alt)}</p>"
        image = {"image/png": self.image("png"), "text/plain": self.alt}
        display(image, raw=True, metadata={"image/png": {"alt": self.alt}})
        display({"text/html": words + self.html, "text/plain": self.text}, raw=True)

    def image(self, kind: str = "png") -> bytes:
        """The picture's bytes, as ``png``, ``svg`` or ``pdf``. Raises `PictureError`."""
        buffer, signed = io.BytesIO(), {KINDS[kind]: SIGNATURE}
        try:
            self.figure().savefig(buffer, format=kind, dpi=110, metadata=signed)
        except RuntimeError as error:  # a matplotlib that is told to use LaTeX, which isn't here
            raise PictureError(
                f"matplotlib can't draw it ({error!s:.200}); if its setting text.usetex is on, "
                "install LaTeX, or turn it off"
            ) from error
        return buffer.getvalue()

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the picture; the ending of ``path`` says the format.

        A file that geonb didn't make is replaced only with ``overwrite``. Raises `PictureError`,
        and `OutputError` if the file can't be written.
        """
        kind = Path(path).suffix.lower().lstrip(".")
        if kind not in KINDS:
            raise PictureError(
                f"{path}: a picture is saved as .png, .svg or .pdf, not {kind or 'that'!r}"
            )
        check_outputs([Path(path)], overwrite=overwrite)
        with replacing(path) as temporary:
            temporary.write_bytes(self.image(kind))


def show_figure(figure: Figure, alt: str) -> Picture:
    """Show a matplotlib figure of your own with its words, ``alt``, for people who can't see it.

    pyplot forgets the figure: otherwise it would show it again, without words.
    """
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)
    return Picture(lambda: figure, alt)


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
    image.save(buffer, kind, **({"quality": 90} | options))
    return buffer.getvalue()


def tag(alt: str, data: bytes, kind: str = "png") -> str:
    """An ``img`` element that holds its words and its data."""
    style = "max-width: 100%; height: auto"
    return f'<img alt="{escape(alt)}" style="{style}" src="{data_url(data, kind)}">'


def data_url(data: bytes, kind: str) -> str:
    """An address that holds an image."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def paragraph(name: str, text: str) -> str:
    """A sentence on something with a name; a notebook wraps it between words."""
    return styled(f"<p><b>{escape(name)}</b>: {escape(text)}</p>")


def styled(html: str) -> str:
    """HTML with the style of everything that geonb shows."""
    return f"<style>{asset('geonb.css')}</style><div class='geonb'>{html}</div>"


def asset(name: str, package: str = "geonb") -> str:
    """A text file that comes with a package: a style, a script, or HTML with fields to fill in."""
    return files(package).joinpath("data", name).read_text(encoding="utf-8")
