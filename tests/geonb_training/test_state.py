"""What a training keeps: the last epoch, for the same training only, and nothing that runs code."""

import json
import os
import pickle

import numpy as np
import pytest

from geonb.errors import TrainingError
from geonb_training.network import fresh, resnet
from geonb_training.state import Keeper, new_folder
from geonb_training.writing import write_params
from support.probabilities import CELLS

LAYERS = resnet(4, (1, 1), (4, 8, 12))
PLAN = {"learning_rate": 0.1, "photos": ["a", "b"]}


def arrays(epoch):
    return fresh(LAYERS, seed=epoch).arrays


def keep(folder, *epochs, memory=None):
    """A training that kept these epochs."""
    keeper = Keeper(folder)
    keeper.follow(PLAN, CELLS)
    for epoch in epochs:
        keeper.keep(LAYERS, epoch, arrays(epoch), memory, loss=1 / epoch)
    return keeper


@pytest.fixture
def folder(tmp_path):
    """The folder of a training, with a name that patterns would take for one of their own."""
    (tmp_path / "m[1]*?").mkdir()
    return tmp_path / "m[1]*?"


def names(folder):
    return {path.name.removeprefix(folder.name) for path in folder.iterdir()}


def test_the_next_one_goes_on_with_the_last_epoch(folder):
    memory = {"fc1_weight": np.ones((4, 12), np.float32)}
    keep(folder, 1, 2, memory=memory)
    assert names(folder) == {
        "-0002.params", "-0002.states", "-symbol.json", "grids.txt", "training.json",
    }  # fmt: skip
    again = keep(folder)
    assert again.epoch == 2
    assert again.losses == [1.0, 0.5]
    assert again.kept == f"{folder} keeps epoch 2."
    for name, array in again.weights(LAYERS).arrays.items():
        np.testing.assert_array_equal(array, arrays(2)[name])
    np.testing.assert_array_equal(again.memory(LAYERS)["fc1_weight"], memory["fc1_weight"])


def test_at_the_beginning_nothing_is_kept(folder):
    keeper = keep(folder)
    assert (keeper.epoch, keeper.losses, keeper.memory(LAYERS)) == (0, [], None)
    assert keeper.kept == "No epoch is kept yet."


def test_another_training_is_refused_and_what_differs_is_named(folder):
    keep(folder, 1)
    other = Keeper(folder)
    with pytest.raises(TrainingError, match="with other learning_rate; use the same ones to go on"):
        other.follow(PLAN | {"learning_rate": 0.2}, CELLS)


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"plan": {}}', '{"epoch": 1, "plan": [], "losses": [1]}']
)
def test_a_state_that_is_none(tmp_path, text):
    (tmp_path / "training.json").write_text(text)
    with pytest.raises(TrainingError, match=r"training\.json: not as a training writes it; remove"):
        Keeper(tmp_path)


class Planted:
    """Runs code when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


def test_a_planted_pickle_does_not_run(folder, tmp_path):
    keeper = keep(folder, 1)
    planted = pickle.dumps(Planted(str(tmp_path / "ran")))
    (folder / f"{folder.name}-0001.states").write_bytes(planted)
    with pytest.raises(TrainingError, match="not an optimizer's memory of this network; remove it"):
        keeper.memory(LAYERS)
    (folder / "training.json").write_bytes(planted)
    with pytest.raises(TrainingError, match=r"training\.json: not as a training writes it"):
        Keeper(folder)
    assert not (tmp_path / "ran").exists()


def test_weights_and_a_memory_of_another_network_are_refused(folder):
    keeper = keep(folder, 1, memory={"fc1_weight": np.ones((4, 12), np.float32)})
    with pytest.raises(TrainingError, match=r"params: weights of another network \(.*fc1_weight"):
        keeper.weights(resnet(5, (1, 1), (4, 8, 12)))
    few = {"fc1_weight": np.ones((1, 2), np.float32)}
    write_params(folder / f"{folder.name}-0001.states", few, LAYERS)
    with pytest.raises(TrainingError, match="states: not an optimizer's memory of this network"):
        keeper.memory(LAYERS)


def test_an_epoch_that_cannot_be_written_leaves_the_one_before(folder):
    """A folder in the way plays the full disk."""
    keeper = keep(folder, 1)
    (folder / f"{folder.name}-0002.params").mkdir()
    with pytest.raises(
        TrainingError, match=r"cannot keep epoch 2 \(.*\)\. .* keeps epoch 1\. Free"
    ):
        keeper.keep(LAYERS, 2, arrays(2), None, loss=0.5)
    assert keeper.epoch == Keeper(folder).epoch == 1
    np.testing.assert_array_equal(
        keeper.weights(LAYERS).arrays["fc1_weight"], arrays(1)["fc1_weight"]
    )
    assert not list(folder.glob(".part-*"))


def test_photos_that_vanished_are_remembered_until_the_training_ends(folder):
    photos = [[f"{i}.jpg", 1.0, 2.0, "ada", "x"] for i in range(3)]
    keeper = keep(folder)
    assert keeper.first_listed(photos) == photos
    keeper.keep(LAYERS, 1, arrays(1), None, loss=1.0)
    assert keep(folder).first_listed(photos[1:]) == photos
    moved = [*photos[:2], ["2.jpg", 9.0, 2.0, "ada", "x"]]
    assert keep(folder).first_listed(moved) == moved, "another training, which is then refused"
    (folder / "training-photos.json").write_text(json.dumps([["0.jpg"]]))
    with pytest.raises(TrainingError, match=r"training-photos\.json: not as a training writes it"):
        keep(folder).first_listed(photos)
    keep(folder).finish()
    assert names(folder) == {"-0001.params", "-symbol.json", "grids.txt", "training.json"}


def test_a_folder_is_new_or_holds_what_the_same_function_wrote(tmp_path):
    assert new_folder(tmp_path / "a" / "b", "head.json").is_dir()
    (tmp_path / "a" / "notes.txt").write_text("mine")
    with pytest.raises(TrainingError, match=r"a: holds b, which could be lost; choose an empty"):
        new_folder(tmp_path / "a", "head.json")
    (tmp_path / "a" / "head.json").write_text("{}")
    assert new_folder(tmp_path / "a", "head.json") == tmp_path / "a"
    assert (tmp_path / "a" / "notes.txt").read_text() == "mine"
