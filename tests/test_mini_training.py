"""Training: LocationNet's own graph from the builder, and a tiny model from end to end."""

import json
from dataclasses import replace

import numpy as np
import pytest

import geonb_training as training
from geonb.distances import distance
from geonb.earth.cells import read_cells
from geonb.earth.partitions import partition
from geonb_training import batches
from geonb_training import facts as the_facts
from geonb_training.network import LOCATIONNET, MINI, resnet

TINY = training.Settings(scenes=96, validation=8, test=24, epochs=2, batch=16, t1=40, t2=4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    return folder, training.train(folder, TINY)


@pytest.mark.mxnet
@pytest.mark.real
def test_the_builder_gives_locationnets_graph(real_files):
    theirs = json.loads((real_files / "RN101-5k500-symbol.json").read_text())["nodes"]
    ours = json.loads(resnet(15_527, **LOCATIONNET).tojson())["nodes"]
    assert len(ours) == len(theirs)
    for mine, real in zip(ours, theirs, strict=True):
        assert (mine["op"], mine["name"]) == (real["op"], real["name"])
        assert [i[:2] for i in mine["inputs"]] == [i[:2] for i in real["inputs"]]
        if mine["op"] != "null":
            spelled = {k: v.replace(" ", "") for k, v in mine.get("attrs", {}).items()}
            assert spelled == real.get("attr", {})


@pytest.mark.mxnet
def test_minis_output_has_a_probability_for_each_class():
    symbol = resnet(7, **MINI)
    arguments, outputs, _ = symbol.infer_shape(data=(2, 3, 224, 224))
    assert outputs == [(2, 7)]
    assert symbol.list_outputs() == ["softmax_output"]
    assert sum(int(np.prod(shape)) for shape in arguments) - 2 * 3 * 224 * 224 < 700_000


@pytest.mark.mxnet
def test_a_tiny_training_writes_files_that_load(trained):
    import mxnet as mx

    folder, facts = trained
    cells = read_cells(folder / "grids.txt")
    _, arguments, _ = mx.model.load_checkpoint(str(folder / "mini"), TINY.epochs)
    assert arguments["fc1_weight"].shape[0] == len(cells) == facts["classes"]
    assert json.loads((folder / "facts.json").read_text()) == facts
    assert [row["km"] for row in facts["accuracy"]] == list(the_facts.THRESHOLDS_KM)
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        ["facts.json", "grids.txt", "mini-0002.params", "mini-symbol.json"]
    )


@pytest.mark.mxnet
def test_training_again_gives_the_same_weights(trained, tmp_path):
    training.train(tmp_path, TINY)
    name = f"mini-{TINY.epochs:04d}.params"
    assert (tmp_path / name).read_bytes() == (trained[0] / name).read_bytes()


def test_without_mxnet_the_error_names_the_command(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "mxnet", None)
    with pytest.raises(ImportError, match=r"pip install .*geonb\[mxnet\]"):
        training.train(tmp_path, replace(TINY, scenes=1))


def test_moved_pictures_keep_their_size_and_move_by_a_few_pixels():
    pixels = np.zeros((3, 40, 40, 3), np.uint8)
    pixels[:, 20, 20] = 255
    moved = batches.jitter(pixels, np.random.default_rng(0))
    assert moved.shape == pixels.shape
    for picture in moved:
        (row,), (column,) = np.nonzero(picture[:, :, 0])
        assert abs(row - 20) <= batches.SHIFT
        assert abs(column - 20) <= batches.SHIFT


def test_batches_are_full_and_say_how_much_is_padding():
    made = list(batches.batches(np.zeros((5, 8, 8, 3), np.uint8), 2))
    assert [data.shape for data, _ in made] == [(2, 3, 8, 8)] * 3
    assert [count for _, count in made] == [2, 2, 1]


def test_the_constant_guess_is_where_most_photos_are():
    tokyo, lima = (35.7, 139.7), (-12.0, -77.0)
    places = np.array([tokyo] * 3 + [lima])
    cells = partition(places, t1=5, t2=1)
    guess = the_facts.constant_guess(places, cells, threshold_km=25)
    assert distance(guess, tokyo) < 1
