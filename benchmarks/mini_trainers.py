"""mini trained by PyTorch and by MXNet on the same scenes: which is better, and which quicker?

Both start from the same weights and take the same batches, one after the other, each in a process
and an environment of its own. Then both models answer the same scenes, by photographers whom
neither training saw. One training each: another seed would give other shares.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
from pathlib import Path

from many import ROOT, measure

import geonb
import geonb_lab
from geonb.network.sessions import cpu_limit
from geonb_lab import PhotoSet, read_photos
from geonb_training import Fitting, Settings
from geonb_training.scenes import draw_set

TRAINERS = ("mxnet", "torch")
ROLES = ("train", "validation", "test")
TRAIN = """
from geonb_lab.evaluation.photo_sets import read_photos
from geonb_training import Fitting, train_photos
train, validation, test = (read_photos(table) for table in tables)
fitting = Fitting(epochs=epochs)
def work():
    train_photos(train, folder, t1=t1, t2=t2, validation=validation, test=test, fitting=fitting,
                 trainer=trainer)
result = timed(work, 1)
"""


def write(table: Path, photos: PhotoSet) -> None:
    """The set as a CSV that every environment reads."""
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "lat", "lng", "photographer"])
        for path, place, person in zip(
            photos.photos, photos.truth.tolist(), photos.photographers, strict=True
        ):
            rows.writerow([path, *place, person])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scenes", type=int, default=Settings.scenes)
    options.add_argument("--test", type=int, default=Settings.test)
    options.add_argument("--epochs", type=int, default=Fitting.epochs)
    for trainer, folder in zip(TRAINERS, (".venv-mxnet", ".venv-train"), strict=True):
        options.add_argument(f"--{trainer}", default=str(ROOT / folder / "bin" / "python"))
    chosen = options.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(cpu_limit())  # MXNet's own choice is a thread per core
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["GEONB_CACHE"] = f"{temporary}/cache"
        tables = [Path(temporary) / f"{role}.csv" for role in ROLES]
        counts = (chosen.scenes, Settings.validation, chosen.test)
        for role, table, count in zip(ROLES, tables, counts, strict=True):
            write(table, draw_set(Path(temporary) / "scenes", count, role))
        took, evaluations = {}, []
        for trainer in TRAINERS:
            folder = Path(temporary) / f"mini-by-{trainer}"
            took[trainer] = measure(
                TRAIN, getattr(chosen, trainer), tables=list(map(str, tables)), folder=str(folder),
                t1=Settings.t1, t2=Settings.t2, epochs=chosen.epochs, trainer=trainer,
            )  # fmt: skip
            print(f"{trainer}: {took[trainer]['wall'] / 60:.1f} minutes", flush=True)
            model = geonb.load_model(folder)
            evaluations.append(geonb_lab.evaluate(model, read_photos(tables[-1]), published=()))
    compared = geonb_lab.compare(*reversed(evaluations))
    print(*evaluations, compared, sep="\n\n")
    for clock, words in (("wall", "on the clock"), ("processor", "of the processor")):
        mxnet, torch = (took[trainer][clock] for trainer in TRAINERS)
        print(f"PyTorch {torch:,.0f} s, MXNet {mxnet:,.0f} s {words}: {torch / mxnet:.2f} of it")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{cpu_limit()} processors; load in the last 1, 5 and 15 minutes: {load}")
    if any(row.differs and row.difference < 0 for row in compared.rows):
        sys.exit("mini by PyTorch is worse")


if __name__ == "__main__":
    main()
