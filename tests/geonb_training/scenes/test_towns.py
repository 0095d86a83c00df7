"""Towns that don't exist: far from all that do, and only so large a crowd."""

import numpy as np
import pytest

import geonb
from geonb.errors import TrainingError
from geonb_lab.evaluation.photo_sets import read_photos
from geonb_training.scenes import photographers, towns, write_towns
from geonb_training.scenes.cities import cities


def test_the_towns_are_far_from_every_city_that_mini_knows():
    for town in towns():
        assert min(geonb.distance(town.place, city.place) for city in cities()) > 500


def test_neighbours_are_told_apart_and_no_town_is_like_another():
    places = [town.place for town in towns()]
    for i, town in enumerate(towns()):
        apart = geonb.distance(places[:i] + places[i + 1 :], town.place)
        assert 45 < apart.min() < 60
    looks = {(t.building, t.wall, t.script, t.plate, t.warning, t.spot_shape) for t in towns()}
    assert len(looks) == len(towns()) == 8


def test_towns_are_written_once_with_their_places_by_people_nobody_trained_on(tmp_path):
    write_towns(tmp_path, 6, 2)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")}
    write_towns(tmp_path, 6, 2)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")} == before
    photos = read_photos(tmp_path)
    assert len(photos) == 6
    km = [geonb.distance([town.place for town in towns()], place) for place in photos.truth]
    assert np.min(km, axis=1).max() < 100
    people = {int(name.rpartition("-")[2]) for name in photos.photographers}
    assert people <= {person.number for person in photographers("test")}


@pytest.mark.parametrize("people", [0, 1000])
def test_the_towns_have_only_so_many_photographers(tmp_path, people):
    with pytest.raises(TrainingError, match=rf"1 to \d+ photographers, not {people}"):
        write_towns(tmp_path, 6, people)
    assert not list(tmp_path.iterdir())
