"""The table of cities: whole, and true to what is generally known."""

import pytest

from geonb.distances import distance
from geonb_training.scenes.buildings import HOUSES
from geonb_training.scenes.cities import cities
from geonb_training.scenes.shapes import landmarks, scripts


def test_the_sun_stands_in_the_south_of_the_north_and_higher_towards_the_equator():
    by_name = {city.name: city for city in cities()}
    assert by_name["London"].sun_side == "right"
    assert by_name["Sydney"].sun_side == "left"
    assert by_name["Singapore"].sun_height > by_name["Rome"].sun_height
    assert by_name["Reykjavik"].sun_height == pytest.approx(90 - 64.1466)


def test_the_table_of_cities_is_whole():
    names = [city.name for city in cities()]
    assert len(set(names)) == len(names) >= 80
    for city in cities():
        assert city.drives in {"left", "right"}
        assert city.centre_line in {"white", "yellow"}
        assert city.script in scripts()
        assert city.building in HOUSES
        assert city.spot_shape in landmarks()
        assert city.plate_shape in {"long", "short"}
        assert distance(city.place, city.spot_place) < 20


def test_neighbours_by_law_agree():
    sides = {}
    for city in cities():
        if city.name != "Hong Kong":  # keeps left, unlike the rest of its country
            assert sides.setdefault(city.country, city.drives) == city.drives
