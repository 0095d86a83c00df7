"""What a model guesses of photos: as `predict` does, or as the average of ten crops."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import geonb
import geonb_lab
from geonb.errors import EvaluationError, ModelError
from geonb_lab.evaluation.guesses import guess, predict_ten_crops, ten_crops
from geonb_lab.evaluation.photo_sets import PhotoSet, read_photos
from geonb_training.scenes import draw, shoot
from support.pictures import picture


@pytest.fixture(scope="module")
def mini():
    return geonb.load_model("mini")


def test_four_corners_the_middle_and_their_mirror_images(mini):
    """On a picture whose red says the column and whose green says the row."""
    height, width = 256, 512
    red, green = np.meshgrid(np.arange(width) // 2, np.arange(height))
    blue = np.zeros_like(red)
    image = Image.fromarray(np.stack([red, green, blue], axis=2).astype(np.uint8))
    crops = ten_crops(mini, geonb.open_photo(image))
    assert crops.shape == (10, 3, 224, 224)
    mean = np.array(mini.recipe.mean)[:, None, None]
    first = (crops + mean)[:, :2, 0, 0] * 255 / 256  # red and green of each top left pixel
    corners = [(0, 0), (144, 0), (0, 32), (144, 32), (72, 16)]
    assert np.abs(first[:5] - corners).max() < 1.5
    assert np.abs(first[5:, 0] - [c + 111.5 for c, _ in corners]).max() < 1.5  # from the right
    assert (crops[5:] == crops[:5, :, :, ::-1]).all()


def test_a_set_of_photos_is_measured_with_ten_crops(mini, tmp_path):
    for i in range(3):
        draw(shoot(i)).save(tmp_path / f"{i}.jpg")
    photos = read_photos(tmp_path)
    whole, ten = (geonb_lab.evaluate(mini, photos, crops=crops) for crops in (1, 10))
    averaged = [mini.run(ten_crops(mini, geonb.open_photo(p))).mean(axis=0) for p in photos.photos]
    places = mini.cells.places[np.argmax(averaged, axis=1)]
    assert ten.km == pytest.approx(geonb.distance(places, photos.truth))
    assert whole.km == pytest.approx(
        geonb.distance(
            np.array([geonb.predict(mini, p).places[0] for p in photos.photos]), photos.truth
        )
    )


def test_a_photo_that_fails_is_wrong_and_the_rest_goes_on(mini, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no")
    picture().save(tmp_path / "whole.jpg")
    names = tuple(str(tmp_path / name) for name in ("broken.jpg", "whole.jpg"))
    broken, whole = predict_ten_crops(mini, names)
    assert "broken.jpg" in str(broken.error)
    assert len(whole.predictions) == 5
    photos = PhotoSet("two", names, np.zeros((2, 2)), ("", ""), {})
    assert geonb_lab.evaluate(mini, photos, crops=10).without_prediction == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (lambda model, photos: {"predictions": model, "truth": photos, "crops": 5}, "not 5"),
        (lambda model, photos: {"predictions": [(0, 0)], "truth": photos}, "goes with a model"),
        (lambda model, photos: {"predictions": model}, "need a set of photos"),
        (lambda model, photos: {"predictions": [(0, 0)], "truth": [(0, 0)], "crops": 10}, "need"),
    ],
)
def test_what_cannot_be_cropped_is_told_in_one_line(mini, arguments, words):
    photos = PhotoSet("one", ("a.jpg",), np.zeros((1, 2)), ("",), {})
    with pytest.raises(EvaluationError, match=words):
        geonb_lab.evaluate(**arguments(mini, photos))


@pytest.mark.newest
def test_guesses_are_those_of_predict(mini, folder):
    photos = read_photos(folder)
    guesses = guess(mini, photos.first(5))
    for i, photo in enumerate(photos.photos[:5]):
        one = geonb.predict(mini, photo)
        assert guesses.places[i].tolist() == [list(place) for place in one.places]
    result = geonb_lab.evaluate(mini, photos)
    facts = json.loads((Path(geonb.__file__).parent / "data/mini/facts.json").read_text())
    low, high = result.scores[0].intervals[2]
    assert low - 5 <= facts["accuracy"][0]["within_200_km"] <= high + 5
    assert np.isfinite(result.km).all()


@pytest.mark.newest
def test_a_broken_network_is_not_measured(mini, folder):
    def nothing(batch):
        return np.full((len(batch), len(mini.cells)), np.nan, np.float32)

    broken = replace(mini, network=SimpleNamespace(probabilities=nothing))
    photos = read_photos(folder)
    with pytest.raises(ModelError, match="mini answers with NaN"):
        guess(broken, photos)
    with pytest.raises(ModelError, match="mini answers with NaN"):
        geonb_lab.occlude(broken, photos.photos[0])
