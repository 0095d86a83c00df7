"""The example photos: each tells its place and what it shows, and mini gets one of them wrong."""

import pytest

import geonb
from geonb.errors import PhotoError

NAMES = ["tokyo", "lima", "nairobi", "paris", "cairo"]


@pytest.mark.parametrize("name", NAMES)
def test_mini_finds_every_example_but_paris(name):
    photo = geonb.example_photo(name)
    assert photo.place_source == "EXIF"
    assert "drawn street" in photo.alt
    predictions = geonb.predict(geonb.load_model("mini"), photo)
    assert (predictions.distances[0] < 25) == (name != "paris")


def test_the_default_is_tokyo():
    assert geonb.example_photo().source == geonb.example_photo("tokyo").source


@pytest.mark.parametrize("name", ["oslo", "Lima"])
def test_another_name_is_refused_with_those_that_there_are(name):
    with pytest.raises(PhotoError, match=f"no example photo '{name}'; choose {', '.join(NAMES)}$"):
        geonb.example_photo(name)
