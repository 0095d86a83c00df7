"""int8: smaller, close to float32, by how much is measured and told, and never by default."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.errors import ModelError
from geonb.network.quantisation import photos_digest, prepare
from geonb_training import scenes
from support.networks import write_network


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    return write_network(folder, units=(1, 1, 1), filters=(16, 32, 64, 128), bottleneck=True)


@pytest.fixture(scope="module")
def photos():
    return [scene.image for scene in scenes.held_out(9, seed=4)]


def folders(cache):
    return sorted(path.name.split("-")[2] for path in cache.glob("derived/*/*/"))


def test_it_is_close_to_float32_and_says_how_close(files, photos, cache, capsys):
    exact = geonb.load_model(files.prefix)
    model = geonb.load_model(files.prefix, precision="int8", calibration=photos)
    agreement = model.network.agreement
    assert capsys.readouterr().out == f"{agreement}\n"
    assert agreement in repr(model)
    held = photos[::3]
    a, b = exact.probabilities(held), model.probabilities(held)
    assert np.abs(a - b).sum(axis=1).max() < 0.2
    tops = a.argmax(axis=1), b.argmax(axis=1)
    places = exact.cells.places
    same, km = np.mean(tops[0] == tops[1]), np.mean(geonb.distance(*(places[t] for t in tops)))
    assert agreement == (
        f"int8 against float32 on 3 held-out photos: {same:.0%} same first answer, "
        f"{km:.0f} km apart on average"
    )
    assert np.abs(a - b).max() > 0, "the float32 network was kept"


def test_it_is_stored_and_not_made_again(files, photos, cache, capsys):
    first = geonb.load_model(files.prefix, precision="int8", calibration=photos)
    capsys.readouterr()
    second = geonb.load_model(files.prefix, precision="int8", calibration=photos)
    assert capsys.readouterr().out == ""
    assert second.network.agreement == first.network.agreement
    geonb.load_model(files.prefix, precision="int8", calibration=photos[1:])
    assert folders(cache) == ["int8", "int8"]


def test_without_photos_scenes_that_come_with_geonb_are_taken(files, cache, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "geonb_training"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "geonb_training", None)
    model = geonb.load_model(files.prefix, precision="int8")
    assert "on 12 held-out scenes" in capsys.readouterr().out
    assert "on 12 held-out scenes" in model.network.agreement


def test_it_is_never_the_default(files, cache):
    model = geonb.load_model(files.prefix)
    assert model.network.agreement == ""
    assert folders(cache) == ["float32"]
    assert "int8" not in repr(model)


def test_it_is_a_third_of_the_size(files, photos, cache):
    geonb.load_model(files.prefix)
    geonb.load_model(files.prefix, precision="int8", calibration=photos)
    sizes = {
        path.name.split("-")[2]: sum(file.stat().st_size for file in path.glob("*.data"))
        for path in cache.glob("derived/*/*/")
    }
    assert sizes["int8"] < sizes["float32"] / 3


def test_too_few_photos(files):
    with pytest.raises(ModelError, match="3 photos or more to calibrate with, got 2"):
        geonb.load_model(files.prefix, precision="int8", calibration=[Image.new("RGB", (9, 9))] * 2)


def test_unknown_and_impossible_wishes(files):
    with pytest.raises(ModelError, match="no precision 'int4'; the precisions are float32, int8"):
        geonb.load_model(files.prefix, precision="int4")
    with pytest.raises(ModelError, match="the engine mxnet is for comparisons"):
        geonb.load_model(files.prefix, engine="mxnet", precision="int8")


def test_the_log_is_left_as_it_was(files, photos, cache, caplog, capfd):
    import logging

    root = logging.getLogger()
    before = list(root.handlers), list(root.filters)
    geonb.load_model(files.prefix, precision="int8", calibration=photos)
    assert (list(root.handlers), list(root.filters)) == before
    assert caplog.records == []
    assert capfd.readouterr().err == ""


def test_no_log_is_set_up_for_good(cache):
    code = (
        "import logging, geonb; geonb.load_model('mini', precision='int8')\n"
        "print(logging.getLogger().handlers)"
    )
    environment = {**os.environ, "GEONB_CACHE": str(cache)}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.splitlines()[-1] == "[]"
    assert run.stderr == ""


def test_calibration_holds_every_third_photo_out(photos):
    assert len(prepare(photos)) == 9
    assert photos_digest(photos) != photos_digest(photos[1:])
