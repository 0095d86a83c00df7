"""How `mini` was made: `train_photos` on drawn scenes."""

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

from geonb.writing import PART
from geonb_training.fitting import Fitting, TrainerName
from geonb_training.loop import new_trainer
from geonb_training.own_photos import Trained, train_photos
from geonb_training.scenes import draw_set
from geonb_training.state import new_folder

_SYMBOL = "mini-symbol.json"


@dataclass(frozen=True)
class Settings:
    """What training mini depends on; the defaults are those of the embedded model.

    Attributes:
        scenes: Scenes to train on.
        validation: Scenes of other photographers, to watch the training by.
        test: Scenes of others again, to measure the model on.
        t1: Divide a cell with this many photos or more.
        t2: Drop a cell with fewer photos than this, and its photos with it.
        fitting: How the network is fitted; its seed also draws the scenes.
    """

    scenes: int = 6000
    validation: int = 480
    test: int = 2000
    t1: int = 50
    t2: int = 6
    fitting: Fitting = field(default_factory=Fitting)


def train_mini(
    folder: str | os.PathLike[str],
    settings: Settings | None = None,
    trainer: TrainerName | None = None,
) -> Trained:
    """Train a model on scenes and write its four files to ``folder``; about 15 minutes, 1 GB.

    The files are ``mini-symbol.json`` and ``mini-NNNN.params`` (NNNN: epochs), ``grids.txt`` and
    ``facts.json``. An earlier mini in the folder stays until all is done; a folder with anything
    else is refused. The same settings on the same machine give the same files. Raises
    `MissingDependencyError` without the trainer (see `train_photos`), `CellsError` if the
    thresholds leave no cell, and `TrainingError`.
    """
    settings = settings or Settings()
    new_trainer(trainer, settings.fitting)  # before the work, so that you know if it is missing
    target = new_folder(folder, _SYMBOL)
    with tempfile.TemporaryDirectory(dir=target, prefix=PART) as temporary:
        drawn = partial(draw_set, Path(temporary) / "scenes", seed=settings.fitting.seed)
        validation = drawn(settings.validation, "validation")
        test = drawn(settings.test, "test")
        trained = train_photos(
            drawn(settings.scenes, "train"),
            Path(temporary) / "mini",
            t1=settings.t1,
            t2=settings.t2,
            validation=validation,
            test=test,
            fitting=settings.fitting,
            trainer=trainer,
        )
        path, made = trained.folder / "facts.json", asdict(settings)
        facts = json.loads(path.read_text(encoding="utf-8"))
        del made["fitting"]  # which is there already
        facts = {"data": "street scenes drawn by geonb_training.scenes", "settings": made} | facts
        path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        (trained.folder / "training.json").unlink()
        for path in sorted(trained.folder.iterdir()):
            path.replace(target / path.name)
    return replace(trained, folder=target)
