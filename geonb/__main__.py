"""The command line: ``geonb demo``, ``geonb locate PHOTO…``, ``geonb fetch MODEL`` and more."""

from __future__ import annotations

import click

import geonb
from geonb.commands.evaluate import evaluate
from geonb.commands.failures import Commands
from geonb.commands.locate import demo, locate


@click.group(cls=Commands)
@click.version_option(geonb.__version__)
def main() -> None:
    """Where was this photo taken? Five guesses with probabilities, on a map."""


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
        if weights.citation:
            click.echo(f"{'':<12} to cite: {weights.citation}")


@main.command()
@click.argument("notebooks", nargs=-1, required=True, metavar="NOTEBOOK...")
def clean(notebooks: tuple[str, ...]) -> None:
    """Take Google's API keys out of saved notebooks."""
    for path in notebooks:
        click.echo(f"{path}: a key stood in {geonb.clean_notebook(path)} places, now in none")


for command in (demo, locate, evaluate):
    main.add_command(command)

if __name__ == "__main__":
    main()
