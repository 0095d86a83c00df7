"""A training writes to an empty folder or to its own: another network in it is never lost."""

import logging
import os
import signal
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image, ImageFile

import geonb
from geonb.errors import TrainingError
from geonb_training import Fitting, Settings, fit_head, train_mini, train_photos
from geonb_training.scenes import write_towns


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Eighty scenes of eight towns by six photographers."""
    folder = tmp_path_factory.mktemp("towns")
    write_towns(folder, 80, 6)
    return folder


def fit(photos, folder):
    return fit_head("mini", photos, folder, t1=30, t2=3)


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def network(tmp_path):
    """A folder with somebody's network: its cells and its facts are called as geonb's are."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    for name in ("theirs-symbol.json", "theirs-0012.params", "grids.txt", "facts.json"):
        (folder / name).write_text(f"their {name}")
    return folder


def test_a_head_leaves_another_network_alone(photos, network):
    before = content(network)
    with pytest.raises(TrainingError, match=r"theirs: holds facts\.json, which could be lost"):
        fit(photos, network)
    assert content(network) == before


@pytest.mark.torch
def test_a_training_leaves_another_network_alone(photos, network):
    before = content(network)
    fitting = Fitting(epochs=1, batch=8)
    with pytest.raises(TrainingError, match=r"theirs: holds facts\.json, which could be lost"):
        train_photos(photos, network, t1=30, t2=3, fitting=fitting)
    with pytest.raises(TrainingError, match=r"theirs: holds facts\.json, which could be lost"):
        train_mini(network, Settings(fitting=fitting))
    assert content(network) == before


@pytest.mark.torch
def test_a_head_replaces_a_head_and_a_training_does_not(photos, tmp_path):
    first = content(fit(photos, tmp_path / "m").folder)
    assert content(fit(photos, tmp_path / "m").folder) == first
    with pytest.raises(TrainingError, match="which could be lost; choose an empty folder"):
        train_photos(photos, tmp_path / "m", t1=30, t2=3, fitting=Fitting(epochs=1))
    assert content(tmp_path / "m") == first


def test_what_a_killed_run_left_goes_and_links_stay(photos, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "diary.txt").write_text("mine")
    folder = tmp_path / "m"
    (folder / ".part-of-a-killed-run").mkdir(parents=True)
    (folder / ".part-link").symlink_to(precious, target_is_directory=True)
    fit(photos, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        ".part-link", "facts.json", "grids.txt", "head.json", "head.npz",
    ]  # fmt: skip
    assert (precious / "diary.txt").read_text() == "mine"


def test_a_file_or_a_dangling_link_is_no_folder(photos, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name in ("file", "link"):
        with pytest.raises(TrainingError, match="cannot make the folder"):
            fit(photos, tmp_path / name)


def test_something_in_the_way_of_a_file_is_one_line(photos, tmp_path):
    folder = tmp_path / "m"
    (folder / "head.json").mkdir(parents=True)
    with pytest.raises(TrainingError, match="m: cannot write the head"):
        fit(photos, folder)


def state_of_the_process():
    loggers = [logging.getLogger(name) for name in ("", "PIL", "geonb", "matplotlib")]
    return {
        "warnings": list(warnings.filters),
        "loggers": [(log.level, log.disabled, list(log.handlers)) for log in loggers],
        "stderr": (os.fstat(2).st_dev, os.fstat(2).st_ino),
        "pillow": (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES),
        "numpy": np.geterr(),
        "matplotlib": dict(mpl.rcParams),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "environment": dict(os.environ),
    }


def test_fitting_a_head_leaves_the_process_as_it_was(photos, tmp_path):
    geonb.predict(geonb.load_model("mini"), geonb.example_photo())  # what is imported once
    before = state_of_the_process()
    fit(photos, tmp_path / "m").plot()
    assert state_of_the_process() == before
