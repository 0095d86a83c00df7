"""Training in PyTorch: in one process and in several, killed and gone on with, from archives."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

import geonb
import geonb_lab
from geonb.errors import TrainingError
from geonb.network.mxnet_files import read_params
from geonb_training.fitting import Fitting
from geonb_training.own_photos import train_photos
from support import TESTS
from support.training import CELLS, FITTING

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    target = tmp_path_factory.mktemp("models") / "ours"
    return train_photos(folder, target, fitting=FITTING, trainer="torch", **CELLS)


def weights(model):
    return dict(read_params(next(model.glob("*.params"))))


def same(one, other, within):
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_allclose(array, other[name], rtol=within, atol=within, err_msg=name)


def test_a_folder_becomes_a_model(trained):
    model = geonb.load_model(trained.folder)
    assert 0 < geonb.predict(model, geonb.example_photo())[0].probability <= 1
    assert {path.name for path in trained.folder.iterdir()} == {
        "ours-symbol.json", "ours-0003.params", "grids.txt", "facts.json", "training.json",
    }  # fmt: skip
    assert json.loads((trained.folder / "facts.json").read_text())["trainer"] == "torch"
    assert trained.losses[-1] < trained.losses[0]
    assert trained.counts["photos that have no place, left out"] == 1


def torchrun(place, script, *options):
    """Run a script in two processes, as on a machine with two GPUs; gives its stdout."""
    path = place / "script.py"
    path.write_text(script)
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    paths = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [*run, *options, str(path)], env={**os.environ, "PYTHONPATH": paths},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


STEPS = """
import sys
import numpy as np
from support.mxnet_reference import beginning
from geonb_training.fitting import Fitting
from geonb_training.torch_trainer import TorchTrainer

def steps():
    start, data, labels = beginning()
    trainer = TorchTrainer(Fitting(batch=4, epochs=1, learning_rate=0.01))
    trainer.begin(start, 2, 0, None)
    mine = slice(trainer.rank, None, trainer.workers)
    losses = [trainer.step(data[mine], labels[mine]) for _ in range(2)]
    return trainer, {"losses": np.array(losses), **trainer.arrays()}
"""
SAVED = (
    "trainer, made = steps()\nif trainer.rank == 0: np.savez({path!r}, **made)\ntrainer.wait()\n"
)


def test_two_processes_with_half_the_batch_each_do_as_one(tmp_path):
    """BatchNorm's statistics are those of the whole batch."""
    path = tmp_path / "made.npz"
    # torch's own threads abort a process at its very end, seen once in 14 runs: it's started again.
    torchrun(tmp_path, STEPS + SAVED.format(path=str(path)), "--max-restarts=2")
    names = {}
    exec(STEPS, names)
    alone = names["steps"]()[1]
    for name, array in np.load(path).items():
        np.testing.assert_allclose(array, alone[name], rtol=1e-4, atol=1e-5, err_msg=name)


KILLED_ONCE = """
import itertools
import os
from pathlib import Path
from geonb_training.fitting import Fitting
from geonb_training.own_photos import train_photos
from support import TESTS
from support.training import CELLS, FITTING
from geonb_training.torch_trainer import TorchTrainer

mark, step, steps = Path({mark!r}), TorchTrainer.step, itertools.count()
def step_and_die(self, data, labels):
    if self.rank == 1 and next(steps) == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), 9)
    return step(self, data, labels)
TorchTrainer.step = step_and_die
fitting = Fitting(epochs=2, batch=8, learning_rate=0.001)
train_photos({photos!r}, {model!r}, t1=15, t2=1, fitting=fitting)
"""


def test_a_killed_process_is_started_again_and_the_run_ends_as_it_would_have(folder, tmp_path):
    mark, model = tmp_path / "killed", tmp_path / "two" / "m"
    script = KILLED_ONCE.format(mark=str(mark), photos=str(folder), model=str(model))
    assert "going on after epoch 1 of 2" in torchrun(tmp_path, script, "--max-restarts=1")
    assert mark.exists()
    fitting = Fitting(epochs=2, batch=8, learning_rate=0.001)
    alone = train_photos(folder, tmp_path / "m", fitting=fitting, trainer="torch", **CELLS)
    same(weights(model), weights(alone.folder), 1e-3)
    losses = json.loads((model / "training.json").read_text())["losses"]
    assert losses == pytest.approx(alone.losses, rel=1e-3)


@pytest.fixture
def shards(folder, tmp_path):
    """The same photos in two archives, with a place in a JSON beside each, and a broken one."""
    photos, target = geonb_lab.read_photos(folder), tmp_path / "shards"
    target.mkdir()
    for part in (0, 1):
        with tarfile.open(target / f"{part}.tar", "w") as archive:
            some = slice(part * 20, 20 + part * 28)
            rows = zip(
                photos.photos[some], photos.truth[some], photos.photographers[some], strict=True
            )
            for number, (path, (lat, lng), person) in enumerate(rows):
                told = json.dumps({"lat": lat, "lng": lng, "photographer": person}).encode()
                for ending, data in (("json", told), ("jpg", Path(path).read_bytes())):
                    add(archive, f"{number:02}.{ending}", data)
            if part:
                add(archive, "99.json", b'{"lat": 1, "lng": 2, "photographer": "person-0"}')
                add(archive, "99.jpg", b"no picture")
    return target


def add(archive, name, data):
    item = tarfile.TarInfo(name)
    item.size = len(data)
    archive.addfile(item, io.BytesIO(data))


def test_archives_and_their_own_processes_train_as_the_folder(shards, trained, tmp_path):
    fitting = Fitting(epochs=3, batch=8, seed=1, loaders=2)
    again = train_photos(shards, tmp_path / "ours", fitting=fitting, trainer="torch", **CELLS)
    assert again.counts["photos that cannot be opened, left out"] == 1
    assert again.evaluation.scores[0].photos == trained.evaluation.scores[0].photos
    same(weights(again.folder), weights(trained.folder), 1e-5)


def test_a_loss_that_is_no_number_stops_at_its_step(folder, tmp_path):
    wild = Fitting(epochs=1, batch=8, learning_rate=1e30, momentum=0.0)
    with pytest.raises(TrainingError, match=r"the loss is nan at step \d of \d in epoch 1; .*"):
        train_photos(folder, tmp_path / "m", fitting=wild, trainer="torch", **CELLS)
    assert not list((tmp_path / "m").glob("*.params"))


class Deadly:
    """Batches whose process is killed while it opens the second one."""

    def __len__(self):
        return 3

    def __getitem__(self, step):
        if step:
            os.kill(os.getpid(), 9)
        return np.zeros((1, 3, 8, 8), np.float32), np.zeros(1, np.intp), 0


def test_a_process_that_opens_photos_and_vanishes_is_named():
    from geonb_training.torch_trainer import TorchTrainer

    with pytest.raises(TrainingError, match=r"^one of the 1 processes that open photos has van"):
        list(TorchTrainer(Fitting(loaders=1)).read(Deadly()))


def test_what_only_mxnet_has_is_refused():
    from geonb_training.torch_trainer import TorchTrainer

    with pytest.raises(TrainingError, match=r"sgd here, not adagrad; use trainer='mxnet'"):
        TorchTrainer(Fitting(optimizer="adagrad"))
