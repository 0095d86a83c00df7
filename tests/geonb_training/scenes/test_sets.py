"""Sets of scenes: on the disk, in one picture, and those that come with geonb."""

import math

import numpy as np
import pytest

from geonb.distances import distance
from geonb.errors import TrainingError
from geonb.photos.examples import example_photo
from geonb.photos.photo import open_photo
from geonb_lab.evaluation.photo_sets import read_photos
from geonb_training import scenes
from geonb_training.scenes import write_scenes
from geonb_training.scenes.sets import EXAMPLES, example_shot


def test_held_out_scenes_are_of_photographers_nobody_trained_on():
    assert {scene.photographer.role for scene in scenes.held_out(20)} == {"test"}


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("count", "people"), [(5, 0), (5, -1), (-1, 3)])
def test_scenes_by_nobody_are_refused(tmp_path, count, people):
    with pytest.raises(TrainingError, match=f"by 1 photographer or more; got {count} by {people}"):
        scenes.write_scenes(tmp_path, count, people)


def test_a_set_on_the_disk_is_the_drawn_scenes_to_the_last_bit(tmp_path):
    written = scenes.draw_set(tmp_path, 3, "validation", seed=4)
    for number, (path, place) in enumerate(zip(written.photos, written.truth, strict=True)):
        scene = scenes.draw(scenes.shoot(number, "validation", 4))
        assert open_photo(path).image().tobytes() == scene.image.tobytes()
        assert tuple(place) == scene.place


def test_the_contact_sheet_holds_all_and_says_how_they_differ(some):
    five = some[:5]
    sheet = scenes.contact_sheet(five, columns=3)
    picture = sheet.photo.image()
    assert picture.size == (960, 480)
    assert picture.crop((320, 240, 640, 480)).tobytes() == five[4].image.tobytes()
    count, common, *own = sheet.alt.split("; ")
    assert count == "5 drawn street scenes, 3 in a row"
    assert "sky" in common
    with_taxi = ["taxi" in scene.clues for scene in five]
    assert set(with_taxi) == {True, False}
    assert ["taxi" in words for words in own] == with_taxi
    assert not any(scene.city.name in sheet.alt for scene in five)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_shipped_examples_are_drawn_by_this_code(name):
    shipped, scene = example_photo(name), scenes.draw(example_shot(name))
    assert scene.city.name.lower() == name
    assert scene.photographer.role == "test"
    assert distance(shipped.place, scene.place) < 0.001
    # Not byte for byte: JPEG encoders differ between machines.
    difference = np.asarray(shipped.image(), float) - np.asarray(scene.image, float)
    assert math.sqrt(np.mean(difference**2)) < 8
    assert "drawn street" in shipped.alt
    assert scene.city.name not in shipped.alt, "the words don't tell the answer"


def test_scenes_are_written_once_by_so_many_people(tmp_path):
    write_scenes(tmp_path, 12, 3)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")}
    write_scenes(tmp_path, 12, 3)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")} == before
    photos = read_photos(tmp_path)
    assert len(photos) == 12
    assert len(set(photos.photographers)) <= 3
