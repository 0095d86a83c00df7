"""The command ``geonb demo``, and drawing an answer into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import geonb
from geonb.commands import options

if TYPE_CHECKING:
    from geonb.predictions import Predictions


def draw(predictions: Predictions, target: Path) -> None:
    """Draw the map of an answer: a page into .html, a picture into .png, .svg and .pdf."""
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
        draw(predictions, output / name)
        click.echo(f"wrote {output / name}")
