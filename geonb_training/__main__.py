"""``python -m geonb_training``: train on your own photos, make `mini` anew, show the leak.

Installed, `train` is also a command of ``geonb``, by its entry point.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from geonb_training import Fitting, Settings, measure_leak, train_photos
from geonb_training.mini import train as train_mini

if TYPE_CHECKING:
    from geonb_training.splits import By

_NETWORKS = ("mini", "resnet50", "resnet101")
_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.group()
def main() -> None:
    """Train a LocationNet of your own."""


@main.command()
@click.argument("photos", metavar="FOLDER|CSV", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path, file_okay=False))
@click.option("--t1", default=500, show_default=True, help="Divide cells from so many photos on.")
@click.option("--t2", default=50, show_default=True, help="Drop cells with fewer photos.")
@click.option("--network", type=click.Choice(_NETWORKS), default="mini", show_default=True)
@click.option("--epochs", default=12, show_default=True)
@click.option("--batch", default=32, show_default=True, help="Photos a step, on all devices.")
@click.option("--optimizer", type=click.Choice(["sgd", "adagrad"]), default="sgd")
@click.option("--learning-rate", default=0.1, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--gpus", default=0, show_default=True, help="How many; 0 trains on the CPU.")
@click.option("--kvstore", default="local", show_default=True, help="MXNet's: device, dist_sync …")
@click.option(
    "--split", type=click.Choice(["photographer", "photo"]), default="photographer",
    show_default=True, help="By photo, the result flatters the network.",
)  # fmt: skip
def train(  # noqa: PLR0913, PLR0917
    photos: Path,
    model: Path,
    t1: int,
    t2: int,
    network: str,
    epochs: int,
    batch: int,
    optimizer: str,
    learning_rate: float,
    seed: int,
    gpus: int,
    kvstore: str,
    split: By,
) -> None:
    """Train on the photos of FOLDER (places in EXIF) or CSV (path, lat, lng, photographer).

    The folder MODEL is then opened by geonb.load_model. The same command goes on where a killed
    training stopped. It needs MXNet.

    \b
    The blog's network on its machine with 16 GPUs (p2.16xlarge), 9 days:
      geonb train photos.csv locationnet --network resnet101 --t1 5000 --t2 500 \\
        --epochs 12 --gpus 16 --batch 512 --kvstore device
    Several machines: start it on each by MXNet's tools/launch.py, with --kvstore dist_sync
    and a MODEL that all of them share.
    """  # noqa: D301
    contexts = tuple(f"gpu({i})" for i in range(gpus)) or ("cpu(0)",)
    fitting = Fitting(
        network=network,
        epochs=epochs,
        batch=batch,
        optimizer=optimizer,
        learning_rate=learning_rate,
        seed=seed,
        contexts=contexts,
        kvstore=kvstore,
    )
    click.echo(train_photos(photos, model, t1=t1, t2=t2, split=split, fitting=fitting))


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
    facts = train_mini(folder, Settings(**options))
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
