"""Pictures that never go without their words: for notebooks, files and terminals."""

from __future__ import annotations

import base64
import io
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from geonb.errors import PictureError
from geonb.files import replacing

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from matplotlib.figure import Figure

KINDS = ("png", "svg", "pdf")
"""The formats that a drawing can be written in."""
_DPI = 110


@dataclass(frozen=True)
class Picture:
    """A drawing; notebooks show it with its words below, terminals show the words."""

    figure: Callable[[], Figure]
    """Draws the matplotlib figure."""
    alt: str
    """The picture in words, for those who do not see it."""
    text: str = ""
    """What belongs beside the picture, as plain text."""
    html: str = ""
    """The same as HTML."""

    def __repr__(self) -> str:
        return self.text or self.alt

    def _repr_html_(self) -> str:
        return f'<div class="geonb">{tag(self.alt, self.image("png"))}</div>{self.html}'

    def _repr_png_(self) -> bytes:
        """For what cannot show the page: GitHub, PDF."""
        return self.image("png")

    def image(self, kind: str = "png") -> bytes:
        """The picture's bytes, as ``png``, ``svg`` or ``pdf``."""
        buffer = io.BytesIO()
        self.figure().savefig(buffer, format=kind, dpi=_DPI)
        return buffer.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture; the ending of ``path`` says the format. Raises `PictureError`."""
        kind = Path(path).suffix.lower().lstrip(".")
        if kind not in KINDS:
            raise PictureError(
                f"{path}: a picture is saved as .png, .svg or .pdf, not {kind or 'that'!r}"
            )
        with replacing(path) as temporary:
            temporary.write_bytes(self.image(kind))


def show_figure(figure: Figure, alt: str) -> Picture:
    """Show a matplotlib figure of your own with its words, ``alt``, for those who do not see it.

    A figure of pyplot's is taken from pyplot, which would show it once more, without words.
    """
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)
    return Picture(lambda: figure, alt)


def tag(alt: str, data: bytes, kind: str = "png") -> str:
    """An ``img`` with its words, and with its data in it."""
    encoded = base64.b64encode(data).decode()
    return (
        f'<img alt="{escape(alt)}" style="max-width: 100%; height: auto" '
        f'src="data:image/{kind};base64,{encoded}">'
    )
