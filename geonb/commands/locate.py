"""The commands ``geonb locate PHOTO…`` and ``geonb demo``: where photos were taken."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import geonb
from geonb.answers import SURE
from geonb.commands import options
from geonb.commands.failures import complain
from geonb.commands.many import Labels, locate_many
from geonb.many.finding import find_photos
from geonb.many.results import predict_many

if TYPE_CHECKING:
    from collections.abc import Callable

    from geonb.earth.within import Within
    from geonb.model import Model
    from geonb.predictions import Predictions
    from geonb.regions import Region


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="PHOTO|FOLDER|LIST|-...")
@options.model_options
@click.option("--top", default=5, show_default=True, help="How many places, at most.")
@click.option(
    "--within",
    callback=options.read_within,
    metavar="COUNTRY|LAT,LNG,KM|S,W,N,E",
    help="Only places within a country (name or ISO code), a circle or a box.",
)
@click.option("--spread-km", type=float, help="Gather places this near to a better one into it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a photo, a line each.")
@click.option(
    "--allow-private", is_flag=True, help="Fetch URLs of private networks and this machine too."
)
@click.option("--map", "target", type=click.Path(path_type=Path), help=".png, .svg, .pdf or .html")
@click.option(
    "--out",
    type=options.FILE,
    help="Write a table, .parquet, .csv or .geojson; a run that was stopped goes on.",
)
@click.option(
    "--page",
    type=options.FILE,
    help="Write a contact sheet of the photos, .html: thumbnails, places, a map.",
)
@click.option("--overwrite", is_flag=True, help="Begin --out anew.")
@click.option("--write-xmp", is_flag=True, help="Write a label, an XMP sidecar, beside photos.")
@click.option(
    "--sure",
    type=click.FloatRange(0, 1),
    default=SURE,
    show_default=True,
    help="Label a photo only if this share of the probability lies within 750 km.",
)
@click.option("--dry-run", is_flag=True, help="Print the labels instead of writing them.")
def locate(  # noqa: PLR0913
    *,
    sources: tuple[str, ...],
    load: Callable[[], Model],
    top: int,
    within: Within | None,
    spread_km: float | None,
    as_json: bool,
    allow_private: bool,
    target: Path | None,
    out: Path | None,
    page: Path | None,
    overwrite: bool,
    write_xmp: bool,
    sure: float,
    dry_run: bool,
) -> None:
    """Tell where each PHOTO, a path or a URL, was taken.

    A FOLDER is searched with its subfolders. A LIST is a .txt file of paths and URLs, one per
    line; - reads it from standard input. A photo that can't be read is reported, and the others
    go on; the exit code is then 2.
    """
    photos, skipped = find_photos(sources)
    choices: dict[str, Any] = {"top": top, "within": within, "spread_km": spread_km}
    if out or page or write_xmp or dry_run:
        labels = Labels(sure, dry_run=dry_run) if write_xmp or dry_run else None
        sys.exit(locate_many(photos, skipped, load, choices, out, labels, page, overwrite=overwrite,
                             allow_private=allow_private))  # fmt: skip
    failed = False
    found = predict_many(load(), photos, progress=False, allow_private=allow_private, **choices)
    for number, result in enumerate(found, start=1):
        if result.predictions is None:
            complain(result.error)
            failed = True
            continue
        if as_json:
            click.echo(json.dumps(result.predictions.to_dict()))
        else:
            show(result.predictions)
        if target:
            several = target.with_stem(f"{target.stem}-{number}")  # map-1.png, map-2.png and so on
            _draw(result.predictions, several if len(photos) > 1 else target)
    sys.exit(2 if failed else 0)


def show(predictions: Predictions) -> None:
    """Print the table, and the region that the model promises."""
    click.echo(predictions)
    if region := promised(predictions):
        click.echo(f"{region}.")


def promised(predictions: Predictions) -> Region | None:
    """The region that the model promises; None if it promises none."""
    return geonb.region(predictions) if predictions.promise else None


def _draw(predictions: Predictions, target: Path) -> None:
    if target.suffix.lower() == ".html":
        geonb.write_page(predictions, target, region=promised(predictions))
    else:
        geonb.show_map(predictions, provider="static").save(target)


@click.command()
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path(), help="Folder to write to."
)
def demo(output: Path) -> None:
    """Locate the example photo; write the map and a page."""
    model = options.load()
    predictions = geonb.predict(model, geonb.example_photo())
    show(predictions)
    for name in ("where.png", "where.html"):
        _draw(predictions, output / name)
        click.echo(f"wrote {output / name}")
