"""One self-contained HTML page: the photo, the table and the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geonb.files import replacing
from geonb.maps import static
from geonb.shown.photos import show_photo

if TYPE_CHECKING:
    import os

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
</style>
<h1>{title}</h1>
{photo}
{map}
</html>
"""


def write_page(predictions: Predictions, path: str | os.PathLike[str]) -> None:
    """Write the page. The photo on it is small, and without EXIF."""
    page = _PAGE.format(
        title="Where was this photo taken?",
        photo=show_photo(predictions.photo, side=_SIDE)._repr_html_(),
        map=static.draw(predictions)._repr_html_(),
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
