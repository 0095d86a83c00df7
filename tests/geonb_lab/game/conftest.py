"""A game to play."""

import pytest

import geonb
import geonb_lab


@pytest.fixture
def game():
    return geonb_lab.play([geonb.example_photo("tokyo"), geonb.example_photo("lima")])
