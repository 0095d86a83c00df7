"""The page that one sends: the answer, the photo and a map that moves, in one file."""

import os
from dataclasses import replace
from html import escape
from pathlib import Path

from geonb.maps import atlas
from geonb.maps.pins import headline, how_sure, in_km, in_words
from geonb.predictions import Predictions
from geonb.shown.pictures import asset, show_photo
from geonb.shown.sheets import percent
from geonb.writing import check_outputs, replacing

SOURCES = "Towns: GeoNames, CC BY 4.0. Coasts: Natural Earth, public domain. Made with geonb."


def write_page(
    predictions: Predictions,
    path: str | os.PathLike[str],
    *,
    region: object = None,
    overwrite: bool = False,
) -> None:
    """Write photo, answer, table and a map that moves as one page that needs nothing else.

    The photo on it is small, and without EXIF. ``region`` is what `geonb_lab.region` gives: the
    page then says it. A file that geonb didn't make is replaced only with ``overwrite``, and the
    photo never. Raises `OutputError` if the file can't be written.
    """
    source = predictions.photo.path or predictions.photo.name
    check_outputs([Path(path)], [source], overwrite=overwrite)
    photo = show_photo(predictions.photo, side=900)._repr_html_()
    body = asset("answer.html").format(
        headline=escape(headline(predictions)),
        sure=escape(how_sure(predictions)),
        meter=_meter(predictions),
        truth=_truth(predictions),
        caution=f"<p class='caution'>{escape(predictions.note)}.</p>" if predictions.note else "",
        photo=photo,
        map=atlas.draw(predictions, in_words(predictions)),
        cards=_cards(predictions),
        table=_table(predictions, region),
        sources=SOURCES,
    )
    save_page(path, headline(predictions), body, atlas.SCRIPT + asset("page.js"))


def save_page(path: str | os.PathLike[str], title: str, body: str, script: str = "") -> None:
    """Write a page with a map that needs nothing else, in the design of all of geonb's pages."""
    style = atlas.STYLE + asset("page.css")
    page = asset("page.html").format(title=escape(title), style=style, body=body, script=script)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="replace")  # names of files may be odd


def _meter(predictions: Predictions) -> str:
    """A bar of the probability within 25, 200 and 750 km, and its numbers."""
    if predictions.answer is None:
        return ""
    shares = predictions.answer.by_radius
    bars = "".join(f"<i style='width: {share:.1%}'></i>" for _, share in reversed(shares))
    words = " · ".join(f"{percent(share)} within {km:g} km" for km, share in shares)
    return f"<div class='meter' aria-hidden='true'>{bars}</div><p class='within'>{words}</p>"


def _truth(predictions: Predictions) -> str:
    if predictions.distances is None:
        return ""
    km = in_km(predictions.distances[0])
    return f"<p class='truth'>★ The true place is {km} from the first guess.</p>"


def _cards(predictions: Predictions) -> str:
    """A card per guess; pressing one moves the map there."""
    cards = []
    for number, p in enumerate(predictions):
        away = f" · {in_km(predictions.distances[number])} off" if predictions.distances else ""
        cards.append(
            f"<li><button type='button' data-guess='{number}'{' class=best' if not number else ''}>"
            f"<span class='rank'>{p.rank}</span><span class='where'>{escape(str(p.town))}</span>"
            f"<span class='share'>{percent(p.probability)}{away}</span>"
            f"<i style='--part: {p.probability:.1%}'></i></button></li>"
        )
    return "".join(cards)


def _table(predictions: Predictions, region: object) -> str:
    """All digits."""
    head = ["rank", "probability", "latitude", "longitude", "S2 cell"]
    rows = [
        [str(p.rank), f"{p.probability:.6f}", f"{p.place[0]:.5f}", f"{p.place[1]:.5f}", p.token]
        for p in predictions
    ]
    sheet = predictions.sheet()
    more = [predictions.truth_cell, region and f"{region}."]
    notes = [*sheet.notes, *(str(note) for note in more if note)]
    return replace(sheet, head=head, rows=rows, notes=notes, words=1).html()
