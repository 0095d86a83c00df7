"""The commands ``geonb locate PHOTO…`` and ``geonb demo``: where photos were taken."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

import geonb
from geonb.commands import options
from geonb.commands.failures import complain
from geonb.errors import GeonbError

if TYPE_CHECKING:
    from collections.abc import Callable

    from geonb.model import Model
    from geonb.predictions import Predictions


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@options.model_options
@click.option("--top", default=5, show_default=True, help="How many places, at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a photo, a line each.")
@click.option(
    "--allow-private", is_flag=True, help="Fetch URLs of private networks and this machine too."
)
@click.option("--map", "target", type=click.Path(path_type=Path), help=".png, .svg, .pdf or .html")
def locate(
    *,
    photos: tuple[str, ...],
    load: Callable[[], Model],
    top: int,
    as_json: bool,
    allow_private: bool,
    target: Path | None,
) -> None:
    """Tell where each PHOTO, a path or a URL, was taken.

    A photo that cannot be read is reported, and the others go on; the exit code is then 2.
    """
    model = load()
    failed = False
    for number, photo in enumerate(photos, start=1):
        try:
            opened = geonb.open_photo(photo, allow_private=allow_private)
            predictions = geonb.predict(model, opened, top=top)
            click.echo(json.dumps(predictions.to_dict()) if as_json else predictions)
            if target:
                _draw(predictions, _numbered(target, number, len(photos)))
        except GeonbError as error:
            complain(error)
            failed = True
    sys.exit(2 if failed else 0)


def _numbered(target: Path, number: int, total: int) -> Path:
    """One map a photo: map.png, or map-1.png, map-2.png and so on."""
    return target if total == 1 else target.with_stem(f"{target.stem}-{number}")


def _draw(predictions: Predictions, target: Path) -> None:
    if target.suffix.lower() == ".html":
        predictions.to_html(target)
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
    click.echo(predictions)
    for name in ("where.png", "where.html"):
        _draw(predictions, output / name)
        click.echo(f"wrote {output / name}")
