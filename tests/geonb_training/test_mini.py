"""How mini is made: a tiny one from end to end."""

import json
from dataclasses import replace

import pytest

import geonb
import geonb_training as training
from geonb.errors import TrainingError
from geonb_lab.evaluation.guesses import most_frequent
from geonb_training import Fitting
from geonb_training.scenes import draw_set

TINY = training.Settings(
    scenes=96, validation=8, test=24, t1=40, t2=4, fitting=Fitting(epochs=2, batch=16)
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return training.train_mini(tmp_path_factory.mktemp("models") / "tiny", TINY, "mxnet")


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
