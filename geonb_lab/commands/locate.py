"""The command ``geonb locate PHOTO…``: where photos were taken."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geonb.answers import SURE
from geonb.commands import FILE, complain, draw, model_options, read_within
from geonb.writing import check_outputs
from geonb_lab.commands.many import Labels, Outputs, label_confirmed, locate_many
from geonb_lab.many.finding import list_photos
from geonb_lab.many.results import predict_many
from geonb_lab.regions import region
from geonb_lab.trips.page import write_trip_page
from geonb_lab.trips.trip import locate_trip

if TYPE_CHECKING:
    from collections.abc import Callable

    from geonb.earth.within import Within
    from geonb.model import Model


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="PHOTO|FOLDER|LIST|-...")
@model_options
@click.option("--top", default=5, show_default=True, help="How many places, at most.")
@click.option(
    "--within",
    callback=read_within,
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
    type=FILE,
    help="Write a table, .parquet, .csv or .geojson; a run that was stopped goes on.",
)
@click.option(
    "--page",
    type=FILE,
    help="Write a contact sheet of the photos, .html: thumbnails, places, a map.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there; begin --out anew.")
@click.option(
    "--resume", is_flag=True, help="Go on with --out although its journal was begun elsewhere."
)
@click.option("--write-xmp", is_flag=True, help="Write a label, an XMP sidecar, beside photos.")
@click.option(
    "--sure",
    type=click.FloatRange(0, 1),
    default=SURE,
    show_default=True,
    help="Label a photo only if this share of the probability lies within 750 km.",
)
@click.option("--together", is_flag=True, help="Photos of a trip, by their times; with --page.")
@click.option("--track", "tracks", multiple=True, type=FILE, help=".gpx, Timeline, GeoJSON")
@click.option("--clock", "clocks", multiple=True, metavar="CAMERA=+02:00", help="Ahead of UTC.")
@click.option("--confirmed", type=FILE, help="Label as a trip's page saved; --write-xmp.")
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
    resume: bool,
    write_xmp: bool,
    sure: float,
    dry_run: bool,
    together: bool,
    tracks: tuple[Path, ...],
    clocks: tuple[str, ...],
    confirmed: Path | None,
) -> None:
    """Tell where each PHOTO, a path or a URL, was taken.

    A FOLDER is searched with its subfolders. A LIST is a .txt file of paths and URLs, one per
    line; - reads it from standard input. A photo that can't be read is reported, and the others
    go on; the exit code is then 2.
    """
    found = list_photos(sources)
    chosen: dict[str, Any] = {
        "top": top, "within": within, "spread_km": spread_km, "allow_private": allow_private
    }  # fmt: skip
    labels = Labels(sure, dry_run=dry_run) if write_xmp or dry_run else None
    if confirmed:
        more = target or out or page or together
        sys.exit(label_confirmed(found, confirmed, None if more else labels))
    if together:
        if target or out or labels:
            raise click.UsageError("--together prints a table, and writes a --page; nothing else")
        check_outputs([page] if page else [], [*sources, *found.photos], overwrite=overwrite)
        given = {name: text for name, _, text in (clock.rpartition("=") for clock in clocks)}
        trip = locate_trip(load(), found.photos, tracks=tracks, clocks=given, **chosen)
        click.echo(trip)
        if page:
            write_trip_page(trip, page)
        sys.exit(2 if trip.failures else 0)
    if out or page or labels:
        outputs = Outputs(out, page, labels, overwrite, resume, sources)
        sys.exit(locate_many(found, load, chosen, outputs))
    targets = _numbered(target, len(found.photos)) if target else []
    check_outputs(targets, [*sources, *found.photos], overwrite=overwrite)
    failed = False
    results = predict_many(load(), found.photos, progress=False, **chosen)
    for number, result in enumerate(results):
        if result.predictions is None:
            complain(result.error)
            failed = True
            continue
        predictions = result.predictions
        promised = region(predictions) if predictions.promise else None
        click.echo(json.dumps(predictions.to_dict()) if as_json else predictions)
        if promised and not as_json:
            click.echo(f"{promised}.")
        if targets:
            draw(predictions, targets[number], promised)
    sys.exit(2 if failed else 0)


def _numbered(target: Path, photos: int) -> list[Path]:
    """A file for the map of each photo: map-1.png, map-2.png and so on."""
    if photos == 1:
        return [target]
    return [target.with_stem(f"{target.stem}-{number}") for number in range(1, photos + 1)]
