"""The command ``geonb locate PHOTO…``: where photos were taken."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
from click.core import ParameterSource

from geonb.answers import SURE
from geonb.commands import FILE, complain, draw, model_options, read_within
from geonb.writing import check_outputs
from geonb_lab.commands.many import LabelWriter, locate_many, tell
from geonb_lab.many.finding import list_photos
from geonb_lab.many.results import predict_many
from geonb_lab.regions import region
from geonb_lab.trips.page import confirmed_labels, write_trip_page
from geonb_lab.trips.trip import locate_trip

_ALONE = (
    "top", "within", "spread_km", "json", "map", "out", "resume", "write_xmp", "sure", "dry_run"
)  # fmt: skip
"""Options that say nothing of photos that are located together."""


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
@click.option("--json", is_flag=True, help="One JSON object a photo, a line each.")
@click.option(
    "--allow-private", is_flag=True, help="Fetch URLs of this machine and its network too."
)
@click.option("--map", type=click.Path(path_type=Path), help=".png, .svg, .pdf or .html")
@click.option("--out", type=FILE, help="A table, .parquet, .csv or .geojson; can go on.")
@click.option("--page", type=FILE, help="A contact sheet, .html: thumbnails and a map.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there; begin --out anew.")
@click.option("--resume", is_flag=True, help="Go on with --out though it was begun elsewhere.")
@click.option("--write-xmp", is_flag=True, help="Write a label, an XMP sidecar, beside photos.")
@click.option(
    "--sure",
    type=click.FloatRange(0, 1),
    default=SURE,
    show_default=True,
    help="Label a photo only if this share of the probability lies within 750 km.",
)
@click.option("--together", is_flag=True, help="Photos of a trip, by their times; with --page.")
@click.option("--track", multiple=True, type=FILE, help=".gpx, Timeline, GeoJSON")
@click.option("--clock", multiple=True, metavar="CAMERA=+02:00", help="Ahead of UTC.")
@click.option("--confirmed", type=FILE, help="Label as a trip's page saved; --write-xmp.")
@click.option("--dry-run", is_flag=True, help="Print the labels instead of writing them.")
def locate(**given: Any) -> None:
    """Tell where each PHOTO, a path or a URL, was taken.

    A FOLDER is searched with its subfolders. A LIST is a .txt file of paths and URLs, one per
    line; - reads it from standard input. A photo that can't be read is reported, and the others
    go on; the exit code is then 2.
    """
    asked = SimpleNamespace(**given)
    asked.chosen = {n: given[n] for n in ("top", "within", "spread_km", "allow_private")}
    photos, skipped = list_photos(asked.sources)
    labels = LabelWriter(dry_run=asked.dry_run) if asked.write_xmp or asked.dry_run else None
    if (asked.track or asked.clock) and not asked.together:
        raise click.UsageError("--track and --clock need --together")
    if asked.confirmed:
        sys.exit(_label_confirmed(asked, photos, labels))
    if asked.together:
        sys.exit(_locate_together(asked, photos))
    if asked.out or asked.page or labels:
        sys.exit(locate_many(asked, photos, skipped, labels))
    targets = _numbered(asked.map, len(photos)) if asked.map else []
    check_outputs(targets, [*asked.sources, *photos], overwrite=asked.overwrite)
    failed = False
    results = predict_many(asked.load(), photos, progress=False, **asked.chosen)
    for number, result in enumerate(results):
        if result.predictions is None:
            complain(result.error)
            failed = True
            continue
        predictions = result.predictions
        promised = region(predictions) if predictions.promise else None
        click.echo(json.dumps(predictions.to_dict()) if asked.json else predictions)
        if promised and not asked.json:
            click.echo(f"{promised}.")
        if targets:
            draw(predictions, targets[number], promised)
    sys.exit(2 if failed else 0)


def _label_confirmed(asked: SimpleNamespace, photos: list[str], labels: LabelWriter | None) -> int:
    if not labels or asked.map or asked.out or asked.page or asked.together:
        raise click.UsageError("--confirmed needs --write-xmp or --dry-run, and no other output")
    for label in confirmed_labels(asked.confirmed, photos, asked.sure):
        labels.write(label)
    tell(labels.counts)
    return 2 if labels.failed else 0


def _locate_together(asked: SimpleNamespace, photos: list[str]) -> int:
    context = click.get_current_context()
    named = [n for n in _ALONE if context.get_parameter_source(n) != ParameterSource.DEFAULT]
    if named:
        raise click.UsageError(
            "--together prints a table, and writes a --page; nothing else, so leave out "
            + ", ".join(f"--{name.replace('_', '-')}" for name in named)
        )
    outputs = [asked.page] if asked.page else []
    check_outputs(outputs, [*asked.sources, *photos, *asked.track], overwrite=asked.overwrite)
    options = {"tracks": asked.track, "clocks": dict(c.rpartition("=")[::2] for c in asked.clock)}
    trip = locate_trip(asked.load(), photos, allow_private=asked.allow_private, **options)
    click.echo(trip)
    if asked.page:
        write_trip_page(trip, asked.page, overwrite=True)
    return 2 if trip.failures else 0


def _numbered(target: Path, photos: int) -> list[Path]:
    """A file for the map of each photo: map-1.png, map-2.png and so on."""
    if photos == 1:
        return [target]
    return [target.with_stem(f"{target.stem}-{number}") for number in range(1, photos + 1)]
