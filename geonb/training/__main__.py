"""``python -m geonb.training``: the embedded model made anew, and the lesson of the leak."""

from __future__ import annotations

import math
import time
from pathlib import Path

import click

from geonb.training import Settings, measure_leak, train

_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.group()
def main() -> None:
    """Train on synthetic scenes; for your own photos there is ``geonb train``."""


@main.command()
@_FOLDER
@click.option("--scenes", default=Settings.scenes, show_default=True, help="Scenes to train on.")
@click.option("--epochs", default=Settings.epochs, show_default=True)
@click.option("--t1", default=Settings.t1, show_default=True, help="Divide cells from here on.")
@click.option("--t2", default=Settings.t2, show_default=True, help="Drop cells below this.")
@click.option("--seed", default=Settings.seed, show_default=True)
def mini(folder: Path, **options: int) -> None:
    """Write the files of the embedded model to FOLDER; it takes about 15 minutes."""
    start = time.monotonic()
    facts = train(folder, Settings(**options))
    minutes = math.ceil((time.monotonic() - start) / 6) / 10
    click.echo(f"\n{facts['classes']} cells, {facts['n']} photos of held-out photographers")
    click.echo("within    model   constant guess")
    for row in facts["accuracy"]:
        click.echo(f"{row['km']:>5} km {row['model']:>7.1%} {row['constant_guess']:>16.1%}")
    click.echo(f"written to {folder} after {minutes} minutes")


@main.command()
@_FOLDER
def leak(folder: Path) -> None:
    """Train twice in FOLDER, split by photo and by photographer; it takes some minutes."""
    click.echo(measure_leak(folder))


if __name__ == "__main__":
    main()
