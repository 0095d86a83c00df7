"""A tiny model, a photo, and what the one says of the other."""

import pytest
from PIL import Image

import geonb
from support.networks import write_network


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return geonb.load_model(write_network(tmp_path_factory.mktemp("tiny")).prefix)


@pytest.fixture
def photo():
    return Image.effect_noise((320, 240), 60).convert("RGB")


@pytest.fixture
def predictions(model, photo):
    return geonb.predict(model, photo)
