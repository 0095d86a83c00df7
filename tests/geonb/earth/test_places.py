"""The nearest town, offline."""

import gzip
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geonb.distances import distance
from geonb.earth import s2
from geonb.earth.places import Town, gazetteer, nearest_town, nearest_towns
from geonb.errors import PlaceError

TOWNS = [
    line.split("\t")
    for line in gzip.decompress(files("geonb").joinpath("data", "towns.tsv.gz").read_bytes())
    .decode()
    .splitlines()[1:]
]
PLACES = np.array([row[3:5] for row in TOWNS], float)


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


@pytest.mark.parametrize(
    ("landmark", "place", "name"),
    [
        ("Tokyo Tower", (35.6586, 139.7454), "Tokyo (Minato City), Japan"),
        ("Colosseum", (41.8902, 12.4922), "Rome (Monti), Italy"),
        ("Statue of Liberty", (40.6892, -74.0445), "New York City, United States"),
        ("Eiffel Tower", (48.8584, 2.2945), "Paris (16 Passy), France"),
        ("Big Ben", (51.5007, -0.1246), "London (City of Westminster), United Kingdom"),
        (
            "Sydney Opera House",
            (-33.8568, 151.2153),
            "Sydney (Central Business District), Australia",
        ),
        ("Golden Gate Bridge", (37.8199, -122.4783), "San Francisco, United States"),
        ("Brandenburg Gate", (52.5163, 13.3777), "Berlin (Tiergarten), Germany"),
        ("Sagrada Familia", (41.4036, 2.1744), "Barcelona (Sagrada Família), Spain"),
        ("Red Square", (55.7539, 37.6208), "Moscow, Russia"),
        ("Taj Mahal", (27.1751, 78.0421), "Agra, India"),
        ("Christ the Redeemer", (-22.9519, -43.2105), "Rio de Janeiro, Brazil"),
        ("Forbidden City", (39.9163, 116.3972), "Beijing, China"),
        ("Burj Khalifa", (25.1972, 55.2744), "Dubai (Downtown Dubai), United Arab Emirates"),
        ("Pyramids", (29.9792, 31.1342), "Giza, Egypt"),
        ("Hagia Sophia", (41.0086, 28.9802), "Istanbul (Eminönü), Turkey"),
        ("Acropolis", (37.9715, 23.7257), "Athens, Greece"),
        ("Marina Bay Sands", (1.2834, 103.8607), "Singapore"),
        ("Petronas", (3.1579, 101.7116), "Kuala Lumpur (Bukit Bintang), Malaysia"),
        ("CN Tower", (43.6426, -79.3871), "Toronto (Waterfront Communities-The Island), Canada"),
        ("Space Needle", (47.6205, -122.3493), "Seattle, United States"),
        ("Obelisco", (-34.6037, -58.3816), "Buenos Aires, Argentina"),
        ("Charles Bridge", (50.0865, 14.4114), "Prague (Malá Strana), Czechia"),
        ("Tower of Pisa", (43.723, 10.3966), "Pisa, Italy"),
        ("Hollywood Sign", (34.1341, -118.3215), "Los Angeles (Universal City), United States"),
        ("N Seoul Tower", (37.5512, 126.9882), "Seoul (Yongsan-dong), South Korea"),
        ("Angkor Wat", (13.4125, 103.867), "Siem Reap, Cambodia"),
        ("Machu Picchu", (-13.1631, -72.545), "37 km from Quillabamba, Peru"),
        ("Kinkakuji", (35.0394, 135.7292), "Kyoto (Kamigyō-ku), Japan"),
        ("Victoria Peak", (22.2759, 114.1455), "Victoria (Mid Levels), Hong Kong"),
    ],
)
def test_landmarks_have_the_names_that_people_know(landmark, place, name):
    assert str(nearest_town(place)) == name


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ((35.4437, 139.6380), "Yokohama, Japan"),  # 27 km from Tokyo, of another region
        ((40.6501, -73.9496), "Brooklyn, United States"),  # a third of New York's people
        ((48.8049, 2.1204), "Versailles, France"),  # 17 km from Paris, which reaches 12
        ((40.7282, -74.0776), "Jersey City, United States"),  # across the Hudson
        ((18.9220, 72.8347), "Mumbai, India"),  # Kegaon is nearest, but no part of Mumbai
    ],
)
def test_a_city_does_not_take_its_neighbours(place, name):
    assert str(nearest_town(place)) == name


@settings(max_examples=30)
@given(st.floats(-90, 90), st.floats(-180, 180))
def test_no_town_is_nearer(lat, lng):
    """Also at the poles and across ±180°, where degrees do not measure distance."""
    town = nearest_town((lat, lng))
    assert town.km == pytest.approx(distance(PLACES, (lat, lng)).min(), abs=1e-3)


def test_the_middle_of_an_ocean_does_not_read_as_a_town():
    text = str(nearest_town((-48.87, -123.39)))  # Point Nemo
    assert text.startswith("2,")
    assert " km from " in text
    assert nearest_town((0.0, -30.0)).km > 500


def test_distances_in_words():
    assert str(Town("A", "B", 19.9)) == "A, B"
    assert str(Town("A", "B", 20.1)) == "20 km from A, B"
    assert str(Town("A", "B", 1234.5)) == "1,234 km from A, B"
    assert str(Town("A", "B", 2.9, city="C")) == "C (A), B"
    assert str(Town("A", "B", 3.1, city="C")) == "C, B"
    assert str(Town("C 16 A", "B", 1.0, city="C")) == "C (16 A), B"
    assert str(Town("B", "B", 1.0)) == "B"


def test_a_place_outside_the_earth_is_refused():
    with pytest.raises(PlaceError):
        nearest_town((100.0, 0.0))


def test_the_table_is_whole():
    assert len(TOWNS) > 60_000
    assert all(len(row) == 6 and row[0] and row[2] for row in TOWNS)


def test_nearest_towns_are_those_of_every_distance_measured():
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((500, 3))
    places = np.concatenate([
        s2.to_degrees(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)),
        [[90, 0], [-90, 0], [0, 180], [0, -180], [35.68, 139.77], [-16.8, -179.97]],
    ])  # fmt: skip
    towns = gazetteer()
    cosines = towns.vectors @ s2.unit_vectors(places).T
    found = cosines[nearest_towns(places), np.arange(len(places))]
    assert found == pytest.approx(cosines.max(axis=0), abs=1e-15)
