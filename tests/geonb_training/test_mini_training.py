"""Training: LocationNet's own graph from the builder, and a tiny model from end to end."""

import json
from dataclasses import replace

import numpy as np
import pytest

import geonb
import geonb_training as training
from geonb.errors import TrainingError
from geonb_lab.evaluation.guesses import most_frequent
from geonb_lab.evaluation.photo_sets import PhotoSet
from geonb_training import Fitting, batches
from geonb_training.mxnet_trainer import import_mxnet
from geonb_training.network import LOCATIONNET, MINI, resnet
from geonb_training.scenes import draw_set
from geonb_training.writing import symbol_json

TINY = training.Settings(
    scenes=96, validation=8, test=24, t1=40, t2=4, fitting=Fitting(epochs=2, batch=16)
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return training.train_mini(tmp_path_factory.mktemp("models") / "tiny", TINY, "mxnet")


def test_the_builder_gives_locationnets_graph(real_files):
    theirs = json.loads((real_files / "RN101-5k500-symbol.json").read_text())["nodes"]
    ours = json.loads(symbol_json(resnet(15_527, **LOCATIONNET)))["nodes"]
    assert len(ours) == len(theirs)
    for mine, real in zip(ours, theirs, strict=True):
        assert (mine["op"], mine["name"]) == (real["op"], real["name"])
        assert [i[:2] for i in mine["inputs"]] == [i[:2] for i in real["inputs"]]
        if mine["op"] != "null":
            spelled = {k: v.replace(" ", "") for k, v in mine.get("attrs", {}).items()}
            assert spelled == real.get("attr", {})


@pytest.mark.mxnet
def test_minis_output_has_a_probability_for_each_class():
    symbol = import_mxnet().sym.load_json(symbol_json(resnet(7, **MINI)))
    arguments, outputs, _ = symbol.infer_shape(data=(2, 3, 224, 224))
    assert outputs == [(2, 7)]
    assert symbol.list_outputs() == ["softmax_output"]
    assert sum(int(np.prod(shape)) for shape in arguments) - 2 * 3 * 224 * 224 < 700_000


@pytest.mark.mxnet
def test_a_tiny_training_writes_files_that_load(trained):
    assert sorted(p.name for p in trained.folder.iterdir()) == sorted(
        ["facts.json", "grids.txt", "mini-0002.params", "mini-symbol.json"]
    )
    assert list(trained.folder.parent.iterdir()) == [trained.folder]  # scenes are removed
    model = geonb.load_model(trained.folder)
    assert len(model.cells) == trained.counts["cells"]
    facts = json.loads((trained.folder / "facts.json").read_text())
    assert facts["accuracy"] == trained.evaluation.records()
    assert facts["settings"]["scenes"] == facts["counts"]["photos to train on"] == 96
    assert facts["fitting"]["batch"] == 16
    assert trained.counts["photographers in training and test both"] == 0


@pytest.mark.mxnet
def test_the_constant_guess_is_that_of_every_evaluation(trained, tmp_path):
    cells = geonb.load_model(trained.folder).cells
    train = draw_set(tmp_path, TINY.scenes, "train")
    assert trained.evaluation.constant == most_frequent(train.truth, cells)


@pytest.mark.slow
@pytest.mark.mxnet
def test_training_again_gives_the_same_weights(trained, tmp_path):
    training.train_mini(tmp_path / "again", TINY, "mxnet")
    name = f"mini-{TINY.fitting.epochs:04d}.params"
    assert (tmp_path / "again" / name).read_bytes() == (trained.folder / name).read_bytes()


@pytest.mark.mxnet
def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~nobody-here").write_text("a file")
    with pytest.raises(TrainingError, match=r"~nobody-here/m/mini: cannot make the folder"):
        training.train_mini("~nobody-here/m/mini", TINY)


def test_without_mxnet_the_error_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "mxnet", None)
    with pytest.raises(ImportError, match=r"pip install .*geonb\[mxnet\]"):
        training.train_mini(tmp_path / "m", replace(TINY, scenes=1), "mxnet")
    assert not list(tmp_path.iterdir())


def test_moved_pictures_keep_their_size_and_move_by_a_few_pixels():
    pixels = np.zeros((3, 40, 40, 3), np.uint8)
    pixels[:, 20, 20] = 255
    moved = batches.move(pixels, np.array([(0, 0), (6, 6), (12, 3)], np.int8))
    assert moved.shape == pixels.shape
    spots = [np.argwhere(picture[:, :, 0])[0].tolist() for picture in moved]
    assert spots == [[26, 26], [20, 20], [14, 23]]


class Drawn:
    """Plays `Squares`: photo i is grey i, and number 3 has vanished."""

    photos = PhotoSet("drawn", tuple(f"{i}.jpg" for i in range(5)), np.zeros((5, 2)), ("",) * 5, {})

    def read(self, numbers):
        there = numbers[numbers != 3]
        return np.repeat(there, 8 * 8 * 3).reshape(-1, 8, 8, 3).astype(np.uint8), there


def test_batches_are_full_and_say_which_photos_are_in_them():
    made = list(batches.batches(Drawn(), 2))
    assert [data.shape for data, _ in made] == [(2, 3, 8, 8)] * 3
    assert [numbers.tolist() for _, numbers in made] == [[0, 1], [2], [4]]


LABELS = np.arange(5) * 10


def lessons(size, **other):
    return batches.Lessons(Drawn(), LABELS, size, **{"seed": 0, "epoch": 1, **other})


def test_a_batch_fills_the_place_of_a_vanished_photo_with_another_of_its_own():
    data, labels, missing = lessons(5)[0]
    assert missing == 1
    assert set(labels) == {0, 10, 20, 40}
    first, last = np.flatnonzero(np.isin(labels, labels[0]))
    assert (first, last) == (0, 4)
    assert data[0, 0, 0, 0] == data[4, 0, 0, 0] != data[1, 0, 0, 0]


def test_a_batch_whose_photos_are_all_gone_is_empty_and_names_one():
    alone = lessons(1)
    step = next(step for step in range(5) if not len(alone[step][1]))
    assert alone[step][2] == 1
    assert alone.first_of(step) == "3.jpg"


def test_an_epoch_has_every_photo_once_however_many_workers_share_it():
    whole = lessons(4)
    shared = [lessons(4, rank=rank, workers=2) for rank in (0, 1)]
    parts = [part[0] for part in shared]
    np.testing.assert_array_equal(
        np.sort(whole.chosen[0]), np.sort(np.concatenate([part.chosen[0] for part in shared]))
    )
    assert sum(len(labels) for _, labels, _ in parts) == 4
    assert len(set(whole.chosen[0])) == 4
    assert whole.chosen.tolist() == lessons(4).chosen.tolist()
    assert whole.chosen.tolist() != lessons(4, epoch=2).chosen.tolist()
