"""Scenes to look at."""

import pytest

from geonb_training import scenes


@pytest.fixture(scope="session")
def some():
    return [scenes.draw(scenes.shoot(number)) for number in range(60)]
