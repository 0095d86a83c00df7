"""Features: worked out once for each content, and never taken from a stranger."""

import shutil

import numpy as np
import pytest

import geonb
from geonb.errors import EvaluationError, ModelError
from geonb.network.mxnet_files import read_params
from geonb_lab.evaluation.photo_sets import PhotoSet, read_photos
from geonb_training import features
from geonb_training.scenes import draw, shoot
from support.networks import write_network, write_params


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three scenes."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(3):
        draw(shoot(i)).save(folder / f"{i}.jpg")
    return folder


@pytest.fixture(scope="module")
def mini():
    return geonb.load_model("mini")


def test_the_last_layer_gives_the_models_own_answers_from_them(mini, folder):
    photos = read_photos(folder)
    read = features.read_features(mini, mini.files, photos)
    assert read.photos.photos == photos.photos
    parameters = mini.files.read().arrays
    scores = read.values @ parameters["fc1_weight"].T + parameters["fc1_bias"]
    probabilities = mini.probabilities(list(photos.photos))
    assert (scores.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    assert odds / odds.sum(axis=1, keepdims=True) == pytest.approx(probabilities, abs=1e-5)
    first = [geonb.predict(mini, photo).places[0] for photo in photos.photos]
    assert read.answers.tolist() == [list(place) for place in first]


def test_copies_and_what_does_not_open_are_left_out(mini, folder, tmp_path):
    shutil.copy(folder / "0.jpg", tmp_path / "copy.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    names = (
        folder / "0.jpg",
        tmp_path / "copy.jpg",
        tmp_path / "broken.jpg",
        tmp_path / "gone.jpg",
    )
    photos = PhotoSet("four", tuple(map(str, names)), np.zeros((4, 2)), ("",) * 4, {})
    read = features.read_features(mini, mini.files, photos)
    assert read.photos.photos == (str(folder / "0.jpg"),)
    assert len(read.values) == len(read.answers) == 1
    broken = PhotoSet("none", photos.photos[2:], np.zeros((2, 2)), ("",) * 2, {})
    with pytest.raises(EvaluationError, match="none: none of its photos can be opened"):
        features.read_features(mini, mini.files, broken)


def test_a_network_that_answers_with_nan_is_refused(folder, tmp_path):
    files = write_network(tmp_path / "own")
    arrays = read_params(files.params)
    arrays["bn1_beta"] = np.full_like(arrays["bn1_beta"], np.nan)
    write_params(files.params, iter(arrays.items()))
    model = geonb.load_model(files.prefix)
    with pytest.raises(ModelError, match="answers with NaN; fetch it again, or train another"):
        features.read_features(model, model.files, read_photos(folder).first(1))


def test_a_photo_behind_an_address_is_asked_for_each_time(mini, folder, cache, monkeypatch):
    """What is behind it may change, so nothing is kept of it."""
    address, opened = "https://photos.example/0.jpg", []

    def fetched(photo):
        opened.append(photo)
        return geonb.open_photo(folder / "0.jpg")

    monkeypatch.setattr(features, "open_photo", fetched)
    photos = PhotoSet("one", (address,), np.zeros((1, 2)), ("",), {})
    for _ in range(2):
        assert len(features.read_features(mini, mini.files, photos).values) == 1
    assert opened == [address] * 2
    assert not list(cache.rglob("*.npy"))


def test_they_are_worked_out_once_for_each_content(mini, folder, tmp_path, monkeypatch):
    def never(*_):
        raise AssertionError("the network was asked again")

    first = features.read_features(mini, mini.files, read_photos(folder))
    elsewhere = read_photos(shutil.copytree(folder, tmp_path / "elsewhere"))
    monkeypatch.setattr(features, "open_network", never)
    again = features.read_features(mini, mini.files, elsewhere)
    assert again.photos.photos == elsewhere.photos
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(again.answers, first.answers)


def test_those_that_others_may_have_written_are_worked_out_anew(mini, folder, cache):
    photos = read_photos(folder).first(1)
    first = features.read_features(mini, mini.files, photos)
    folders = [path for path in (cache, *cache.rglob("*")) if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}
    (kept,) = cache.glob("derived/mini/*-features-*/*.npy")
    np.save(kept, np.zeros_like(np.load(kept)))
    for path in (kept, *kept.parents[:2]):
        path.chmod(0o777)
    again = features.read_features(mini, mini.files, photos)
    np.testing.assert_array_equal(again.values, first.values)
