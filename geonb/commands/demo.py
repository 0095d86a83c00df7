"""The command ``geonb demo``, and drawing an answer into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

import geonb
from geonb.commands import options
from geonb.writing import check_outputs

if TYPE_CHECKING:
    from geonb.predictions import Predictions


def draw(predictions: Predictions, target: Path, region: object = None) -> None:
    """Draw the map of an answer over what was checked: .html is a page, others are pictures."""
    if target.suffix.lower() == ".html":
        geonb.write_page(predictions, target, region=region, overwrite=True)
    else:
        geonb.show_map(predictions, provider="static").save(target, overwrite=True)


@click.command()
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path(), help="Folder to write to."
)
@click.option("--overwrite", is_flag=True, help="Replace files of these names that aren't geonb's.")
def demo(output: Path, *, overwrite: bool) -> None:
    """Locate the example photo; write the map and a page."""
    files = [output / name for name in ("where.png", "where.html")]
    check_outputs(files, overwrite=overwrite)
    model = options.load()
    predictions = geonb.predict(model, geonb.example_photo())
    click.echo(predictions)
    for path in files:
        draw(predictions, path)
        click.echo(f"wrote {path}")
