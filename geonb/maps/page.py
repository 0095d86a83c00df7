"""One self-contained HTML page: the photo, the table and the map."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

from geonb.files import replacing
from geonb.maps import static

if TYPE_CHECKING:
    import os

    from geonb.photos.photo import Photo
    from geonb.predictions import Predictions

_SIDE = 640
"""Pixels; the longer side of the photo on the page."""

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ max-width: 70em; margin: 2em auto; padding: 0 1em; font-family: system-ui, sans-serif; }}
img {{ max-width: 100%; height: auto; }}
</style>
<h1>{title}</h1>
<img alt="The photo: {name}" src="data:image/jpeg;base64,{photo}">
{map}
</html>
"""


def write_page(predictions: Predictions, path: str | os.PathLike[str]) -> None:
    """Write the page. The photo on it is small, and without EXIF."""
    page = _PAGE.format(
        title="Where was this photo taken?",
        name=escape(predictions.photo.name),
        photo=base64.b64encode(_thumbnail(predictions.photo)).decode(),
        map=static.draw(predictions)._repr_html_(),
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _thumbnail(photo: Photo) -> bytes:
    image = photo.image(short_side=_SIDE)
    image.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
