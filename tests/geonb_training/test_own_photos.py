"""A LocationNet of one's own: on a folder of photos, from cells to a model that opens."""

import json
import os
import pickle
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import geonb
import geonb_training
from geonb.errors import TrainingError
from geonb.network.mxnet_files import read_params
from geonb_lab.evaluation.photo_sets import PhotoSet, read_photos
from geonb_training import batches, own_photos, state
from geonb_training.fitting import Fitting
from geonb_training.own_photos import train_photos
from geonb_training.scenes import draw, shoot
from support.training import CELLS, FITTING

pytestmark = pytest.mark.slow


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


KILLED = """
import os
from geonb_training.fitting import Fitting
from geonb_training.own_photos import train_photos
from geonb_training.state import Keeper

keep = Keeper.keep
def keep_and_die(self, layers, epoch, *rest):
    if epoch == {epoch}:
        os.kill(os.getpid(), 9)
    keep(self, layers, epoch, *rest)
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


def killed(photos, model, epoch=2, code=KILLED):
    """A training that was killed while it wrote an epoch: those before are in the folder."""
    script = code.format(epoch=epoch, photos=str(photos), model=str(model))
    dead = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert dead.returncode == -9, dead.stderr


@pytest.mark.mxnet
def test_the_memory_of_two_devices_survives_a_kill_too(folder, tmp_path):
    devices = "contexts=('cpu(0)', 'cpu(1)'), kvstore='device', "
    killed(folder, tmp_path / "m", code=KILLED.replace("Fitting(", f"Fitting({devices}"))
    fitting = replace(FITTING, contexts=("cpu(0)", "cpu(1)"), kvstore="device")
    again = train_photos(folder, tmp_path / "m", fitting=fitting, **CELLS)
    whole = train_photos(folder, tmp_path / "whole" / "m", fitting=fitting, **CELLS)
    # not to the last bit: what each device saw on average is kept as one average of both
    for name, array in read_params(again.folder / "m-0003.params").items():
        expected = read_params(whole.folder / "m-0003.params")[name]
        np.testing.assert_allclose(array, expected, rtol=1e-4, atol=1e-5)


class Planted:
    """Runs code when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.mxnet
def test_a_planted_pickle_does_not_run(folder, tmp_path):
    killed(folder, tmp_path / "ours")
    states = tmp_path / "ours" / "ours-0001.states"
    assert states.is_file()
    states.write_bytes(pickle.dumps(Planted(str(tmp_path / "ran"))))
    with pytest.raises(TrainingError, match=r"ours-0001\.states: not an optimizer's memory"):
        train_photos(folder, tmp_path / "ours", fitting=FITTING, **CELLS)
    assert not (tmp_path / "ran").exists()


@pytest.mark.mxnet
def test_a_memory_or_weights_of_another_network_are_refused(folder, tmp_path):
    import mxnet as mx

    model = tmp_path / "ours"
    killed(folder, model)
    mx.nd.save(str(model / "ours-0001.states"), {"fc1_weight": mx.nd.zeros((1, 2))})
    with pytest.raises(TrainingError, match="states: not an optimizer's memory of this network"):
        train_photos(folder, model, fitting=FITTING, **CELLS)
    mx.nd.save(str(model / "ours-0001.params"), {"arg:fc1_weight": mx.nd.zeros((1, 2))})
    with pytest.raises(TrainingError, match="params: weights of another network"):
        train_photos(folder, model, fitting=FITTING, **CELLS)


@pytest.mark.mxnet
def test_photos_that_vanish_end_neither_an_epoch_nor_the_resume(
    folder, tmp_path, monkeypatch, capsys
):
    photos = tmp_path / "photos"
    shutil.copytree(folder, photos)
    monkeypatch.setattr(batches, "MOST_KEPT", 0)  # as if there were many: each is opened anew

    def keep_and_lose(self, layers, epoch, *rest):
        keep(self, layers, epoch, *rest)
        for number in range(6):  # one by each photographer
            (photos / f"person-{number}" / f"{number:02}.jpg").unlink(missing_ok=True)
        if epoch == 2:
            raise KeyboardInterrupt

    keep = state.Keeper.keep
    monkeypatch.setattr(state.Keeper, "keep", keep_and_lose)
    with pytest.raises(KeyboardInterrupt):
        train_photos(photos, tmp_path / "m", fitting=FITTING, **CELLS)
    monkeypatch.setattr(state.Keeper, "keep", keep)
    assert re.search(r"epoch 2/3.*; \d photos can no longer be opened", capsys.readouterr().out)
    assert (tmp_path / "m" / "training-photos.json").is_file()
    again = train_photos(photos, tmp_path / "m", fitting=FITTING, **CELLS)
    assert "going on after epoch 2 of 3" in capsys.readouterr().out
    assert again.counts["photos that vanished after the training began, left out"] == 6
    assert not (tmp_path / "m" / "training-photos.json").exists()  # the names stay nowhere


@pytest.mark.mxnet
def test_a_loss_that_is_no_number_stops_at_its_step(folder, tmp_path):
    wild = replace(FITTING, learning_rate=1e30, momentum=0.0)
    with pytest.raises(TrainingError, match=r"the loss is nan at step \d of \d in epoch 1; .*"):
        train_photos(folder, tmp_path / "m", fitting=wild, **CELLS)
    assert not list((tmp_path / "m").glob("*.params"))


@pytest.mark.mxnet
def test_folder_names_may_hold_the_signs_of_patterns(folder, tmp_path):
    result = train_photos(
        folder, tmp_path / "a[1]*?" / "m[2]?", fitting=replace(FITTING, epochs=2), **CELLS
    )
    assert result.folder.name == "m[2]?"
    assert [path.name for path in result.folder.iterdir() if path.suffix == ".params"] == [
        "m[2]?-0002.params"
    ]
    assert geonb.load_model(result.folder).name == "m[2]?"
    assert geonb.load_model(result.folder / "m[2]?").name == "m[2]?"


FULL = """
import resource, signal
from geonb_training.state import Keeper

keep = Keeper.keep
def keep_on_a_full_disk(self, layers, epoch, *rest):
    if epoch == 2:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    keep(self, layers, epoch, *rest)
Keeper.keep = keep_on_a_full_disk
from geonb.__main__ import main
main(["train", {photos!r}, {model!r}, "--t1", "15", "--t2", "1", "--epochs", "3", "--batch", "8"])
"""


@pytest.mark.mxnet
def test_a_full_disk_keeps_the_epoch_before(folder, tmp_path):
    """A limit on the size of files plays the full disk."""
    script = FULL.format(photos=str(folder), model=str(tmp_path / "m"))
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2, run.stderr
    assert re.search(
        r"\ngeonb: .*m: cannot keep epoch 2 \(.*\)\. .*m keeps epoch 1\. Free some space",
        run.stderr,
    )
    names = {path.name for path in (tmp_path / "m").iterdir()}
    assert {"m-0001.params", "m-0001.states", "training.json"} <= names
    assert not any(".part-" in name or "0002" in name for name in names)


@pytest.mark.mxnet
def test_a_folder_that_cannot_be_made(folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=r"file.m: cannot make the folder \(Not a directory\)"):
        train_photos(folder, tmp_path / "file" / "m", fitting=FITTING, **CELLS)


@pytest.mark.mxnet
def test_a_folder_with_another_training_is_refused(folder, trained):
    with pytest.raises(TrainingError, match=r"other learning_rate; use the same ones to go on"):
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
    cells = geonb_training.partition(np.concatenate([places, [(-80.0, 0.0)]]), 2, 1)
    result = train_photos(folder, tmp_path / "two", cells=cells, fitting=fitting)
    assert result.counts["cells without a training photo, which are never the answer"] >= 1
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


@pytest.mark.parametrize(
    ("trainer", "extra"), [("mxnet", "mxnet"), ("torch", "train"), (None, "train")]
)
def test_without_a_trainer_the_error_comes_first(monkeypatch, tmp_path, trainer, extra):
    monkeypatch.setitem(sys.modules, "mxnet", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(own_photos, "read_photos", None)
    with pytest.raises(ImportError, match=rf"pip install .*geonb\[{extra}\]"):
        train_photos(tmp_path, tmp_path / "m", trainer=trainer)
    assert not (tmp_path / "m").exists()
