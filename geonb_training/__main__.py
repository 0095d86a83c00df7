"""``python -m geonb_training``: a head, a network of your own, `mini` again, the leak.

Installed, `train` is also a command of ``geonb``, by its entry point.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from geonb.commands.failures import Commands
from geonb.model import load_model
from geonb_training import Fitting, Settings, fit_head, measure_leak, train_mini, train_photos

if TYPE_CHECKING:
    from geonb_training.fitting import TrainerName
    from geonb_training.splits import By

_TRAINER = click.option(
    "--trainer",
    type=click.Choice(["torch", "mxnet"]),
    default=None,
    help="PyTorch where it is installed, or else MXNet.",
)
_NETWORKS = ("mini", "resnet50", "resnet101")
_T1 = "Divide a cell with this many photos or more."
_T2 = "Drop a cell with fewer photos."
_ONE_OR_MORE = click.IntRange(min=1)
_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.group(cls=Commands)
def main() -> None:
    """Models of your own: a head in a minute, or a whole network."""


@main.command()
@click.argument("photos", metavar="FOLDER|CSV", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path, file_okay=False))
@click.option("--t1", default=500, show_default=True, help=_T1)
@click.option("--t2", default=50, show_default=True, help=_T2)
@click.option("--network", type=click.Choice(_NETWORKS), default="mini", show_default=True)
@click.option("--epochs", default=12, show_default=True)
@click.option("--batch", default=32, show_default=True, help="Photos per step, on all devices.")
@click.option(
    "--optimizer", type=click.Choice(["sgd", "adagrad"]), default="sgd", show_default=True
)
@click.option("--learning-rate", default=0.1, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--gpus",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How many; 0 trains on the CPU.",
)
@click.option(
    "--kvstore",
    default="local",
    show_default=True,
    help="MXNet's, to add up what devices learn: device, dist_sync …",
)
@click.option(
    "--loaders",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Processes that open photos for PyTorch.",
)
@click.option("--start", default=None, help="A model to go on from: mini, locationnet, a folder.")
@_TRAINER
@click.option(
    "--split", type=click.Choice(["photographer", "photo"]), default="photographer",
    show_default=True, help="A split by photo flatters the network.",
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
    loaders: int,
    start: str | None,
    trainer: TrainerName | None,
    split: By,
) -> None:
    """Train on the photos of FOLDER (places in EXIF) or CSV (path, lat, lng, photographer).

    FOLDER may hold tar archives instead. geonb.load_model then opens the folder MODEL. If the
    training is killed, the same command goes on after its last epoch. It needs PyTorch or MXNet.

    \b
    LocationNet on a machine with 8 GPUs, in PyTorch, one process each:
      torchrun --nproc-per-node 8 --max-restarts 3 -m geonb_training train \\
        shards locationnet --network resnet101 --t1 5000 --t2 500 --batch 512 --loaders 12
    As in 2017, in MXNet on 16 GPUs (p2.16xlarge), 9 days:
      geonb train photos.csv locationnet --network resnet101 --t1 5000 --t2 500 \\
        --epochs 12 --gpus 16 --batch 512 --kvstore device --trainer mxnet
    On several machines, start that by MXNet's tools/launch.py, with --kvstore dist_sync and a
    MODEL folder that all of them share.
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
        loaders=loaders,
    )
    trained = train_photos(
        photos, model, t1=t1, t2=t2, split=split, fitting=fitting, trainer=trainer, start=start
    )
    click.echo(trained)


@main.command()
@_FOLDER
@click.option(
    "--scenes",
    type=_ONE_OR_MORE,
    default=Settings.scenes,
    show_default=True,
    help="Scenes to train on.",
)
@click.option("--epochs", default=Fitting.epochs, show_default=True)
@click.option("--t1", default=Settings.t1, show_default=True, help=_T1)
@click.option("--t2", default=Settings.t2, show_default=True, help=_T2)
@click.option("--seed", default=Fitting.seed, show_default=True)
@_TRAINER
def mini(  # noqa: PLR0913, PLR0917
    folder: Path,
    scenes: int,
    epochs: int,
    t1: int,
    t2: int,
    seed: int,
    trainer: TrainerName | None,
) -> None:
    """Write the files of the embedded model to FOLDER.

    It takes about 15 minutes and 1 GB beside FOLDER meanwhile. It needs PyTorch or MXNet.
    """
    fitting = Fitting(epochs=epochs, seed=seed)
    click.echo(train_mini(folder, Settings(scenes=scenes, t1=t1, t2=t2, fitting=fitting), trainer))


@main.command()
@click.argument("photos", metavar="FOLDER|CSV", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path, file_okay=False))
@click.option("--on", default=None, help="The model whose features it uses: geoclip, mini, …")
@click.option("--t1", default=50, show_default=True, help=_T1)
@click.option("--t2", default=5, show_default=True, help=_T2)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def head(photos: Path, model: Path, on: str | None, t1: int, t2: int, seed: int) -> None:
    """Fit a head for your places on a model that you have; it takes a minute, without MXNet.

    The photos are those of FOLDER (places in EXIF, one folder per photographer) or of CSV (path,
    lat, lng, photographer). geonb.load_model then opens the folder MODEL. The table says how far
    to believe it.
    """
    click.echo(fit_head(load_model(on), photos, model, t1=t1, t2=t2, seed=seed))


@main.command()
@_FOLDER
def leak(folder: Path) -> None:
    """Train twice in FOLDER, split by photo and by photographer; it takes some minutes."""
    click.echo(measure_leak(folder))


if __name__ == "__main__":
    main()
