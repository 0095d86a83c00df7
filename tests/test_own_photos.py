"""A LocationNet of one's own: on a folder of photos, from cells to a model that opens."""

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import geonb
from geonb.__main__ import main
from geonb.errors import TrainingError
from geonb.evaluation.photo_sets import PhotoSet, read_photos
from geonb_training import own_photos
from geonb_training.fitting import Fitting
from geonb_training.own_photos import train_photos
from geonb_training.scenes import draw, shoot

FITTING = Fitting(epochs=3, batch=8, seed=1)
CELLS = {"t1": 15, "t2": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty-eight scenes in six folders, a photo without a place, and one that is broken."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(48):
        person = folder / f"person-{i % 6}"
        person.mkdir(exist_ok=True)
        draw(shoot(i)).save(person / f"{i:02}.jpg")
    draw(shoot(99)).image.save(folder / "person-0" / "nowhere.jpg")
    return folder


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    return train_photos(
        folder, tmp_path_factory.mktemp("models") / "ours", fitting=FITTING, **CELLS
    )


def weights(folder):
    return next(folder.glob("*.params")).read_bytes()


@pytest.mark.mxnet
def test_a_folder_becomes_a_model(trained, capsys):
    model = geonb.load_model(trained.folder)
    assert model.name == "ours"
    answer = geonb.predict(model, draw(shoot(0)).image, top=2)
    assert 0 < answer[0].probability <= 1
    assert {path.name for path in trained.folder.iterdir()} == {
        "ours-symbol.json", "ours-0003.params", "grids.txt", "facts.json", "training.json",
    }  # fmt: skip
    assert len(trained.losses) == 3
    assert all(0 < loss < 10 for loss in trained.losses)
    assert trained.counts["photographers in training and test both"] == 0
    assert trained.counts["photos that have no place, left out"] == 1
    assert trained.counts["photos held out for the test"] == 8
    assert "constant guess" in repr(trained)
    assert "constant guess" in trained._repr_html_()
    facts = json.loads((trained.folder / "facts.json").read_text())
    assert facts["accuracy"][0]["photos"] == 8
    assert facts["fitting"]["optimizer"] == "sgd"


@pytest.mark.mxnet
def test_the_command_tells_loss_validation_and_time_left(folder, tmp_path):
    sizes = ["--t1", "15", "--t2", "1", "--epochs", "1", "--batch", "8"]
    result = CliRunner().invoke(main, ["train", str(folder), str(tmp_path / "a"), *sizes])
    assert result.exit_code == 0, result.output
    line = r"epoch 1/1: loss \d+\.\d+, \d+\.\d% of validation within 200 km, 0\.0 minutes left"
    assert re.search(line, result.stdout)
    assert "a, first guess" in result.stdout
    assert f"The model lies in {tmp_path / 'a'}." in result.stdout


def test_the_command_s_help_shows_the_blog_s_sixteen_gpus():
    text = CliRunner().invoke(main, ["train", "--help"]).output
    assert "--network resnet101 --t1 5000 --t2 500" in text
    assert "--gpus 16 --batch 512 --kvstore device" in text


KILLED = """
import os
from geonb_training.fitting import Fitting
from geonb_training.own_photos import train_photos
from geonb_training.state import Keeper

keep = Keeper.keep
def keep_and_die(self, module, epoch, *rest):
    if epoch == {epoch}:
        os.kill(os.getpid(), 9)
    keep(self, module, epoch, *rest)
Keeper.keep = keep_and_die
train_photos({photos!r}, {model!r}, t1=15, t2=1, fitting=Fitting(epochs=3, batch=8, seed=1))
"""


@pytest.mark.mxnet
def test_after_a_kill_it_goes_on_and_ends_as_if_nothing_had_been(folder, trained, tmp_path, capsys):
    model = tmp_path / "ours"
    script = KILLED.format(epoch=3, photos=str(folder), model=str(model))
    dead = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert dead.returncode == -9
    assert json.loads((model / "training.json").read_text())["epoch"] == 2
    geonb.load_model(model)  # the epochs that there are open as a model
    (model / ".part-left-over").mkdir()
    again = train_photos(folder, model, fitting=FITTING, **CELLS)
    assert "going on after epoch 2 of 3" in capsys.readouterr().out
    assert weights(model) == weights(trained.folder)
    assert again.losses == trained.losses
    assert not list(model.glob(".part-*"))


@pytest.mark.mxnet
def test_a_folder_with_another_training_is_refused(folder, trained):
    with pytest.raises(TrainingError, match=r"other learning_rate; go on with the same"):
        train_photos(folder, trained.folder, fitting=replace(FITTING, learning_rate=0.2), **CELLS)
    with pytest.raises(TrainingError, match="other photos"):
        train_photos(folder, trained.folder, fitting=FITTING, t1=20, t2=1)


@pytest.mark.mxnet
def test_two_devices_adagrad_and_cells_of_ones_own(folder, tmp_path):
    fitting = Fitting(
        epochs=1, batch=8, optimizer="adagrad", learning_rate=0.01,
        contexts=("cpu(0)", "cpu(1)"), kvstore="device",
    )  # fmt: skip
    places = read_photos(folder).truth
    cells = geonb.partition(np.concatenate([places, [(-80.0, 0.0)]]), 2, 1)
    result = train_photos(folder, tmp_path / "two", cells=cells, fitting=fitting)
    assert result.counts["cells without a training photo, never the answer"] >= 1
    assert len(geonb.load_model(tmp_path / "two").cells) == len(cells)


@pytest.mark.mxnet
def test_two_machines_share_a_training(folder, tmp_path):
    """Processes on this machine play a scheduler, a server and two workers, as MXNet has it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fitting = "Fitting(epochs=2, batch=8, kvstore='dist_sync')"
    train = (
        "from geonb_training import Fitting, train_photos; "
        f"train_photos({str(folder)!r}, {str(tmp_path / 'm')!r}, t1=15, t2=1, fitting={fitting})"
    )
    runs = []
    for role in ("scheduler", "server", "worker", "worker"):
        variables = os.environ | {
            "DMLC_ROLE": role, "DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": str(port),
            "DMLC_NUM_SERVER": "1", "DMLC_NUM_WORKER": "2",
        }  # fmt: skip
        code = train if role == "worker" else "import mxnet"
        runs.append(subprocess.Popen([sys.executable, "-c", code], env=variables))
    try:
        assert [run.wait(timeout=120) for run in runs] == [0, 0, 0, 0]
    finally:
        for run in runs:
            run.kill()
            run.wait()
    assert json.loads((tmp_path / "m" / "training.json").read_text())["epoch"] == 2
    assert geonb.load_model(tmp_path / "m").name == "m"


@pytest.mark.mxnet
def test_a_test_set_of_ones_own(folder, tmp_path):
    photos = read_photos(folder)
    apart = [i for i, person in enumerate(photos.photographers) if person == "person-5"]

    def part(numbers):
        return PhotoSet(
            "part", tuple(photos.photos[i] for i in numbers), photos.truth[numbers],
            tuple(photos.photographers[i] for i in numbers), {},
        )  # fmt: skip

    rest = part([i for i in range(48) if i not in apart])
    fitting = replace(FITTING, epochs=1)
    result = train_photos(rest, tmp_path / "own", test=part(apart), fitting=fitting, **CELLS)
    assert result.evaluation.scores[0].photos == 8
    with pytest.raises(TrainingError, match=r"8 photos are both .*person-5"):
        train_photos(photos, tmp_path / "leak", test=part(apart), fitting=fitting, **CELLS)


@pytest.mark.mxnet
def test_photos_that_cannot_be_opened_are_counted(folder, tmp_path, monkeypatch):
    lines = [
        f"{path},{i % 3},{i % 5},{path.parent.name}"
        for i, path in enumerate(sorted(folder.glob("*/[0-9]*.jpg")))
    ]
    table = tmp_path / "photos.csv"
    copy = tmp_path / "copy.jpg"
    copy.write_bytes((folder / "person-0" / "00.jpg").read_bytes())
    others = ["gone.jpg,1,1,person-1", "copy.jpg,1,1,person-1"]
    table.write_text("\n".join(["path,lat,lng,photographer", *lines, *others]))
    result = train_photos(table, tmp_path / "m", fitting=replace(FITTING, epochs=1), **CELLS)
    assert result.counts["photos that cannot be opened, left out"] == 1
    assert result.counts["photos that are copies of another, left out"] == 1


@pytest.mark.mxnet
def test_too_few_photos_for_a_batch(folder, tmp_path):
    with pytest.raises(TrainingError, match="expected a batch of 64"):
        train_photos(folder, tmp_path / "m", fitting=Fitting(batch=64), **CELLS)


def test_without_mxnet_the_error_comes_first(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mxnet", None)
    monkeypatch.setattr(own_photos, "read_photos", None)
    with pytest.raises(ImportError, match=r"pip install .*geonb\[mxnet\]"):
        train_photos(tmp_path, tmp_path / "m")
    assert not (tmp_path / "m").exists()
