"""The command line: ``geonb demo``, ``fetch``, ``models``, and the commands of other packages."""

from __future__ import annotations

import click

import geonb
from geonb.commands.demo import demo
from geonb.commands.failures import Commands
from geonb.commands.options import choice
from geonb.network.opening import Precision


@click.group(cls=Commands)
@click.version_option(geonb.__version__)
def main() -> None:
    """Where was this photo taken? Five guesses with probabilities, on a map."""


@main.command()
@click.argument("model", default="locationnet", metavar="[MODEL]")
@click.option("--from", "source", metavar="FILE|FOLDER|URL", help="Take the files from there.")
@choice("--precision", Precision, "int8 takes GeoCLIP's smaller files: 347 MB instead of 1,260.")
def fetch(model: str, source: str | None, precision: Precision) -> None:
    """Fetch MODEL (locationnet) into the cache, and verify it; resumes what was broken off."""
    from geonb.weights.installed import whereabouts
    from geonb.weights.registry import REGISTRY

    path = geonb.fetch(model, source, precision=precision)
    where = "in the cache" if source else whereabouts(REGISTRY[model].of_precision(precision))
    click.echo(f"{model}: {where}: {path}")


@main.command()
@click.option(
    "--clear", metavar="NAME", help="Remove this model and what was made with it; all removes all."
)
def models(clear: str | None) -> None:
    """List the known models, and the size of the cache; or remove one from it."""
    from geonb.files import cache_folder
    from geonb.weights.installed import cache_size, whereabouts
    from geonb.weights.installed import clear as clear_cache
    from geonb.weights.registry import REGISTRY

    if clear:
        before = cache_size()
        clear_cache(clear)
        click.echo(f"removed {(before - cache_size()) / 1e6:,.1f} MB")
        return
    for weights in REGISTRY.values():
        size = f"{weights.size / 1e6:,.0f} MB" if weights.size else ""
        click.echo(f"{weights.name:<12} {size:<8} {whereabouts(weights) or 'not cached'}")
        click.echo(f"{'':<12} {weights.title}")
        click.echo(f"{'':<12} {weights.attribution}, {weights.licence}, {weights.source}")
        if weights.citation:
            click.echo(f"{'':<12} to cite: {weights.citation}")
    click.echo(f"The cache is {cache_folder()}, {cache_size() / 1e6:,.1f} MB.")


main.add_command(demo)

if __name__ == "__main__":
    main()
