"""The nearest town, offline."""

import gzip
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geonb.distances import distance
from geonb.earth.places import Town, nearest_town
from geonb.errors import PlaceError

TOWNS = [
    line.split("\t")
    for line in gzip.decompress(files("geonb").joinpath("data", "towns.tsv.gz").read_bytes())
    .decode()
    .splitlines()[1:]
]
PLACES = np.array([row[2:] for row in TOWNS], float)


@pytest.mark.parametrize(
    ("place", "name", "country"),
    [
        ((50.0755, 14.4378), "Královské Vinohrady", "Czechia"),
        ((35.6586, 139.7454), "Minato City", "Japan"),
        ((-33.8688, 151.2093), "Sydney", "Australia"),
        ((64.1466, -21.9426), "Reykjavík", "Iceland"),
        ((-16.43, -179.9), "Labasa", "Fiji"),
    ],
)
def test_the_town_of_a_place(place, name, country):
    town = nearest_town(place)
    assert (town.name, town.country) == (name, country)


@settings(max_examples=30)
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_no_town_is_nearer(lat, lng):
    """Also at the poles and across ±180°, where degrees do not measure distance."""
    town = nearest_town((lat, lng))
    assert town.km == pytest.approx(distance(PLACES, (lat, lng)).min(), abs=1e-3)


def test_the_middle_of_an_ocean_does_not_read_as_a_town():
    text = str(nearest_town((-48.87, -123.39)))  # Point Nemo
    assert text.startswith("2,")
    assert " km off " in text
    assert nearest_town((0.0, -30.0)).km > 500


def test_distances_in_words():
    assert str(Town("A", "B", 0.4)) == "A, B (<1 km)"
    assert str(Town("A", "B", 12.3)) == "A, B (12 km)"
    assert str(Town("A", "B", 49.9)) == "A, B (50 km)"
    assert str(Town("A", "B", 50.1)) == "50 km off A, B"
    assert str(Town("A", "B", 1234.5)) == "1,234 km off A, B"


def test_a_town_lends_its_name_up_to_50_km():
    assert str(Town("A", "B", 50.0)) == "A, B (50 km)"
    assert str(Town("A", "B", 50.6)) == "51 km off A, B"


def test_nonsense_is_refused():
    with pytest.raises(PlaceError):
        nearest_town((100.0, 0.0))


def test_the_table_is_whole():
    assert len(TOWNS) > 60_000
    assert all(len(row) == 4 and row[0] and row[1] for row in TOWNS)
