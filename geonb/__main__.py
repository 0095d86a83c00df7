"""The command line: ``geonb demo``, ``geonb locate PHOTO…``, ``geonb fetch MODEL`` and more."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import geonb
from geonb.commands.evaluate import evaluate
from geonb.commands.options import engine_option, model_option
from geonb.commands.train import train
from geonb.errors import GeonbError, printable

if TYPE_CHECKING:
    from geonb.model import Model
    from geonb.predictions import Predictions


class _Commands(click.Group):
    """Commands whose failures of the user's making are one line on stderr and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GeonbError as error:
            _complain(error)
            sys.exit(2)


def _complain(error: GeonbError) -> None:
    click.echo(f"geonb: {printable(str(error))}", err=True)


@click.group(cls=_Commands)
@click.version_option(geonb.__version__)
def main() -> None:
    """Where was this photo taken? Five guesses with probabilities, on a map."""


@main.command()
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path(), help="Folder to write to."
)
def demo(output: Path) -> None:
    """Locate the example photo; write the map and a page."""
    model = _demo_model()
    predictions = geonb.predict(model, geonb.example_photo())
    click.echo(predictions)
    for name in ("where.png", "where.html"):
        _draw(predictions, output / name)
        click.echo(f"wrote {output / name}")


def _demo_model() -> Model:
    """LocationNet from the cache; without it mini, with a word about why."""
    try:
        return geonb.load_model("locationnet", download=False)
    except GeonbError as error:
        click.echo(f"LocationNet is left out: {error}", err=True)
        click.echo("Going on with mini, the small model that comes with geonb.", err=True)
        return geonb.load_model("mini")


@main.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@model_option
@engine_option
@click.option("--top", default=5, show_default=True, help="How many places.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a photo, a line each.")
@click.option(
    "--allow-private", is_flag=True, help="Fetch URLs of private networks and this machine too."
)
@click.option("--map", "target", type=click.Path(path_type=Path), help=".png, .svg, .pdf or .html")
def locate(  # noqa: PLR0913, PLR0917 - one argument an option
    photos: tuple[str, ...],
    source: str,
    engine: Any,
    top: int,
    as_json: bool,
    allow_private: bool,
    target: Path | None,
) -> None:
    """Tell where each PHOTO, a path or a URL, was taken.

    A photo that cannot be read is reported, and the others go on; the exit code is then 2.
    """
    model = geonb.load_model(source, engine=engine)
    failed = False
    for number, photo in enumerate(photos, start=1):
        try:
            opened = geonb.open_photo(photo, allow_private=allow_private)
            predictions = geonb.predict(model, opened, top=top)
            click.echo(json.dumps(predictions.to_dict()) if as_json else predictions)
            if target:
                _draw(predictions, _numbered(target, number, len(photos)))
        except GeonbError as error:
            _complain(error)
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


@main.command()
@click.argument("model", default="locationnet", metavar="[MODEL]")
@click.option("--from", "source", metavar="FILE|FOLDER|URL", help="Take the files from there.")
def fetch(model: str, source: str | None) -> None:
    """Fetch MODEL (locationnet) into the cache, and verify it; resumes what was broken off."""
    from geonb.weights.fetching import fetch as fetch_model

    click.echo(f"{model} is in the cache: {fetch_model(model, source)}")


@main.command()
def models() -> None:
    """List the known models: which are in the cache, their size, licence and source."""
    from geonb.weights.registry import REGISTRY, is_cached, own_files

    for weights in REGISTRY.values():
        own = own_files(weights)
        state = (
            f"your own files: {own}" if own else "cached" if is_cached(weights) else "not cached"
        )
        size = f"{weights.size / 1e6:,.0f} MB" if weights.size else "in the package"
        click.echo(f"{weights.name:<12} {size:<15} {state}")
        click.echo(f"{'':<12} {weights.title}")
        click.echo(f"{'':<12} {weights.attribution}, {weights.licence}, {weights.source}")


@main.command()
@click.argument("notebooks", nargs=-1, required=True, metavar="NOTEBOOK...")
def clean(notebooks: tuple[str, ...]) -> None:
    """Take Google's API keys out of saved notebooks."""
    for path in notebooks:
        click.echo(f"{path}: a key stood in {geonb.clean_notebook(path)} places, now in none")


main.add_command(evaluate)
main.add_command(train)

if __name__ == "__main__":
    main()
