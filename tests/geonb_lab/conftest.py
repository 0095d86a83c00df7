"""A folder of photos to measure a model on."""

import pytest

from geonb_training.scenes import draw, shoot


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Twenty scenes by people whose photos no training has seen."""
    folder = tmp_path_factory.mktemp("scenes")
    for i in range(20):
        draw(shoot(i, "test", seed=5)).save(folder / f"{i:02}.jpg")
    return folder
