"""The command line: ``geonb demo``, ``fetch``, ``models``, and the commands of other packages."""

from pathlib import Path

import click

import geonb
from geonb.commands import Commands, choice, draw, load
from geonb.files import cache_folder
from geonb.network.opening import Precision
from geonb.weights import fetching
from geonb.weights.registry import REGISTRY
from geonb.writing import check_outputs


@click.group(cls=Commands)
@click.version_option(geonb.__version__)
def main() -> None:
    """Where was this photo taken? Five guesses with probabilities, on a map."""


@main.command()
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path(), help="Folder to write to."
)
@click.option("--overwrite", is_flag=True, help="Replace files of these names that aren't geonb's.")
def demo(output: Path, *, overwrite: bool) -> None:
    """Locate the example photo; write the map and a page."""
    files = [output / name for name in ("where.png", "where.html")]
    check_outputs(files, overwrite=overwrite)
    model = load()
    predictions = geonb.predict(model, geonb.example_photo())
    click.echo(predictions)
    for path in files:
        draw(predictions, path)
        click.echo(f"wrote {path}")


@main.command()
@click.argument("model", default="locationnet", metavar="[MODEL]")
@click.option("--from", "source", metavar="FILE|FOLDER|URL", help="Take the files from there.")
@choice("--precision", Precision, "int8 takes GeoCLIP's smaller files: 347 MB instead of 1,260.")
def fetch(model: str, source: str | None, precision: Precision) -> None:
    """Fetch MODEL (locationnet) into the cache, and verify it; resumes what was broken off."""
    path = geonb.fetch(model, source, precision=precision)
    weights = REGISTRY[model].of_precision(precision)
    where = "in the cache" if source else fetching.whereabouts(weights)
    click.echo(f"{model}: {where}: {path}")


@main.command()
@click.option(
    "--clear", metavar="NAME", help="Remove this model and what was made with it; all removes all."
)
def models(clear: str | None) -> None:
    """List the known models, and the size of the cache; or remove one from it."""
    if clear:
        before = fetching.cache_size()
        fetching.clear(clear)
        click.echo(f"removed {(before - fetching.cache_size()) / 1e6:,.1f} MB")
        return
    for weights in REGISTRY.values():
        size = f"{weights.size / 1e6:,.0f} MB" if weights.size else ""
        where = fetching.whereabouts(weights) or "not cached"
        click.echo(f"{weights.name:<12} {size:<8} {where}")
        click.echo(f"{'':<12} {weights.title}")
        click.echo(f"{'':<12} {weights.attribution}, {weights.licence}, {weights.source}")
        if weights.citation:
            click.echo(f"{'':<12} to cite: {weights.citation}")
    click.echo(f"The cache is {cache_folder()}, {fetching.cache_size() / 1e6:,.1f} MB.")


if __name__ == "__main__":
    main()
