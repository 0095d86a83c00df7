"""``python -m geonb_training``: a head, a network of your own, `mini` again.

Installed, `train` is also a command of ``geonb``, by its entry point.
"""

from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, get_args

import click

from geonb.commands import Commands
from geonb.model import load_model
from geonb_training import Fitting, Settings, fit_head, train_mini, train_photos
from geonb_training.fitting import TrainerName
from geonb_training.network import NETWORKS
from geonb_training.splits import By

_option = partial(click.option, show_default=True)
_TRAINER = _option(
    "--trainer", type=click.Choice(get_args(TrainerName)), default=None,
    help="PyTorch if it is installed, otherwise MXNet.",
)  # fmt: skip
_T1 = "Divide a cell with this many photos or more."
_T2 = "Drop a cell with fewer photos."
_KVSTORE = "MXNet's, to add up what devices learn: device, dist_sync …"
_LOADERS = "Processes that open photos for PyTorch."
_SPLIT = "A split by photo flatters the network."
_NONE_OR_MORE = click.IntRange(min=0)


@click.group(cls=Commands)
def main() -> None:
    """Models of your own: a head in a minute, or a whole network."""


@main.command()
@click.argument("photos", metavar="FOLDER|CSV", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path, file_okay=False))
@_option("--t1", default=500, help=_T1)
@_option("--t2", default=50, help=_T2)
@_option("--network", type=click.Choice(list(NETWORKS)), default=Fitting.network)
@_option("--epochs", default=Fitting.epochs)
@_option("--batch", default=Fitting.batch, help="Photos per step, on all devices.")
@_option("--optimizer", type=click.Choice(["sgd", "adagrad"]), default=Fitting.optimizer)
@_option("--learning-rate", default=Fitting.learning_rate)
@_option("--seed", default=Fitting.seed)
@_option("--gpus", type=_NONE_OR_MORE, default=0, help="How many; 0 trains on the CPU.")
@_option("--kvstore", default=Fitting.kvstore, help=_KVSTORE)
@_option("--loaders", type=_NONE_OR_MORE, default=Fitting.loaders, help=_LOADERS)
@_option("--start", default=None, help="A model to go on from: mini, locationnet, a folder.")
@_TRAINER
@_option("--split", type=click.Choice(get_args(By)), default="photographer", help=_SPLIT)
def train(photos: Path, model: Path, gpus: int, **options: Any) -> None:
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
    own = {field.name for field in fields(Fitting)}
    contexts = tuple(f"gpu({i})" for i in range(gpus)) or ("cpu(0)",)
    fitting = Fitting(contexts=contexts, **{k: v for k, v in options.items() if k in own})
    rest = {name: value for name, value in options.items() if name not in own}
    click.echo(train_photos(photos, model, fitting=fitting, **rest))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@_option("--scenes", type=click.IntRange(min=1), default=Settings.scenes, help="To train on.")
@_option("--epochs", default=Fitting.epochs)
@_option("--t1", default=Settings.t1, help=_T1)
@_option("--t2", default=Settings.t2, help=_T2)
@_option("--seed", default=Fitting.seed)
@_TRAINER
def mini(
    folder: Path, epochs: int, seed: int, trainer: TrainerName | None, **settings: Any
) -> None:
    """Write the files of the embedded model to FOLDER.

    It takes about 15 minutes and 1 GB beside FOLDER meanwhile. It needs PyTorch or MXNet.
    """
    fitting = Fitting(epochs=epochs, seed=seed)
    click.echo(train_mini(folder, Settings(fitting=fitting, **settings), trainer))


@main.command()
@click.argument("photos", metavar="FOLDER|CSV", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path, file_okay=False))
@click.option("--on", default=None, help="The model whose features it uses: geoclip, mini, …")
@_option("--t1", default=50, help=_T1)
@_option("--t2", default=5, help=_T2)
@_option("--seed", type=_NONE_OR_MORE, default=0)
def head(photos: Path, model: Path, on: str | None, **options: int) -> None:
    """Fit a head for your places on a model that you have; it takes a minute, without MXNet.

    The photos are those of FOLDER (places in EXIF, one folder per photographer) or of CSV (path,
    lat, lng, photographer). geonb.load_model then opens the folder MODEL. The table says how far
    to believe it.
    """
    click.echo(fit_head(load_model(on), photos, model, **options))


if __name__ == "__main__":
    main()
