"""The loop of every training, with a trainer that learns nothing: what it tells and keeps."""

import itertools
import re
import sys

import numpy as np
import pytest

from geonb.errors import MissingDependencyError, TrainingError
from geonb_training.fitting import Fitting
from geonb_training.loop import fit, new_trainer
from geonb_training.network import fresh, resnet
from geonb_training.state import Keeper
from support.probabilities import CELLS
from support.training import Drawn

LAYERS = resnet(4, (1, 1), (4, 8, 12))
LABELS = np.arange(5) % 4
NAN = float("nan")


class Idle:
    """Takes its steps, and is always sure of the first place."""

    def __init__(self, *losses, workers=1, rank=0):
        self.losses, self.workers, self.rank = itertools.cycle(losses), workers, rank
        self.sizes = []

    def begin(self, start, steps, done, memory):
        self.start, self.begun = start, (steps, done)

    def read(self, lessons):
        return (lessons[step] for step in range(len(lessons)))

    def step(self, data, labels):
        self.sizes.append(len(labels))
        return next(self.losses)

    def probabilities(self, data):
        return np.tile(np.eye(4, dtype=np.float32)[0], (len(data), 1))

    def arrays(self):
        return self.start.arrays

    def memory(self):
        return None

    def wait(self):
        pass


def train(folder, trainer, *, epochs=2, batch=5, seed=0):
    keeper = Keeper(folder)
    keeper.follow({}, CELLS)
    fitting = Fitting(epochs=epochs, batch=batch)
    start = fresh(LAYERS, seed)
    fit(Drawn(), LABELS, CELLS, Drawn(), fitting, keeper, trainer, start)
    return keeper


def test_each_epoch_is_told_and_the_last_one_kept(tmp_path, capsys):
    trainer = Idle(0.5, 0.25)
    keeper = train(tmp_path, trainer)
    first, last = capsys.readouterr().out.splitlines()
    told = r"epoch 1/2: loss 0\.500, 0\.0% of validation within 200 km, 0\.0 minutes left; 1 photos"
    assert re.match(told, first)
    assert last.startswith("epoch 2/2: loss 0.250")
    assert keeper.losses == [0.5, 0.25]
    assert (trainer.begun, trainer.sizes) == ((1, 0), [5, 5])
    np.testing.assert_array_equal(
        keeper.weights(LAYERS).arrays["fc1_weight"], fresh(LAYERS, 0).arrays["fc1_weight"]
    )


def test_it_goes_on_with_the_weights_of_the_last_epoch(tmp_path, capsys):
    train(tmp_path, Idle(0.5), epochs=1)
    trainer = Idle(0.25)
    assert train(tmp_path, trainer, seed=9).losses == [0.5, 0.25]
    assert "going on after epoch 1 of 2" in capsys.readouterr().out
    assert trainer.begun == (1, 1)
    kept = fresh(LAYERS, 0).arrays
    np.testing.assert_array_equal(trainer.start.arrays["fc1_weight"], kept["fc1_weight"])
    done = Idle()
    train(tmp_path, done)
    assert done.sizes == [], "it had ended"


def test_of_several_workers_the_first_one_writes(tmp_path):
    other = Idle(0.5, workers=2, rank=1)
    assert train(tmp_path, other, batch=4).epoch == 0
    assert other.sizes == [2, 2]
    assert train(tmp_path, Idle(0.5, workers=2), batch=4).epoch == 2


def test_a_loss_that_is_no_number_stops_at_its_step_and_the_epoch_before_stays(tmp_path):
    with pytest.raises(
        TrainingError, match=r"loss is nan at step 2 of 2 in epoch 2; try a .* keeps epoch 1\."
    ):
        train(tmp_path, Idle(0.5, 0.5, 0.5, NAN), batch=2)
    assert Keeper(tmp_path).epoch == 1


def test_a_batch_whose_photos_are_all_gone_is_told_with_one_of_them(tmp_path):
    with pytest.raises(TrainingError, match=r"none of the 1 photos .* opened, such as 3\.jpg"):
        train(tmp_path, Idle(0.5), batch=1)


@pytest.mark.parametrize(
    ("batch", "workers", "words"),
    [
        (6, 1, "5 photos in cells, expected a batch of 6"),
        (5, 2, "a batch of 5 can't be shared equally by 2 workers"),
    ],
)
def test_batches_that_cannot_be(tmp_path, batch, workers, words):
    with pytest.raises(TrainingError, match=words):
        train(tmp_path, Idle(workers=workers), batch=batch)


def test_a_trainer_that_is_none_or_not_installed(monkeypatch):
    with pytest.raises(TrainingError, match="trainer is 'torch' or 'mxnet', not 'jax'"):
        new_trainer("jax", Fitting())
    for name in ("torch", "mxnet"):
        monkeypatch.setitem(sys.modules, name, None)
    for name, extra in (("torch", "train"), ("mxnet", "mxnet"), (None, "train")):
        with pytest.raises(MissingDependencyError, match=rf"geonb\[{extra}\]"):
            new_trainer(name, Fitting())
