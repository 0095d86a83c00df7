"""A folder of photos to train on."""

import pytest

from geonb_training.scenes import draw, shoot


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty-eight scenes in six folders, a photo without a place, and one that is broken."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(48):
        person = folder / f"person-{i % 6}"
        person.mkdir(exist_ok=True)
        draw(shoot(i)).save(person / f"{i:02}.jpg")
    draw(shoot(99)).image.save(folder / "person-0" / "nowhere.jpg")
    return folder
