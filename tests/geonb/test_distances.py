"""Distances and bounds: known ones, the rules of a metric, and what is no place."""

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import geonb
from geonb.distances import EARTH_RADIUS_KM, bounds, check_points, distance
from geonb.errors import MissingDependencyError, PlaceError

HALF_GIRTH_KM = np.pi * EARTH_RADIUS_KM
places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def test_the_example_of_the_readme():
    assert geonb.distance((35.66, 139.73), (35.65, 139.75)) == pytest.approx(2.1217, abs=1e-4)


def test_known_distances():
    # A degree of latitude, a quarter of the equator, pole to pole: from R alone.
    assert distance((0, 0), (1, 0)) == pytest.approx(HALF_GIRTH_KM / 180)
    assert distance((0, 0), (0, 90)) == pytest.approx(HALF_GIRTH_KM / 2)
    assert distance((90, 12), (-90, -77)) == pytest.approx(HALF_GIRTH_KM)
    assert distance((10, 180), (10, -180)) == pytest.approx(0, abs=1e-9)


def test_geodesic_follows_the_ellipsoid():
    # GeographicLib's own example, New York to London: 5551759.400 m.
    jfk, lhr = (40.6, -73.8), (51.6, -0.5)
    assert distance(jfk, lhr, "geodesic") == pytest.approx(5551.759400, abs=1e-6)
    assert distance([jfk, jfk], lhr, "geodesic").shape == (2,)
    assert distance((0, 0), (1, 0), "geodesic") == pytest.approx(110.574, abs=1e-3)


def test_a_geodesic_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "geographiclib.geodesic", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "geonb\[geodesic\]"'):
        distance((0, 0), (1, 0), "geodesic")


@given(places, places, places)
def test_it_is_a_metric(a, b, c):
    assert distance(a, a) == 0
    assert distance(a, b) == pytest.approx(distance(b, a), abs=1e-9)
    assert 0 <= distance(a, b) <= HALF_GIRTH_KM + 1e-9
    assert distance(a, c) <= distance(a, b) + distance(b, c) + 1e-6


@given(places)
def test_antipodes_are_half_the_girth_apart(place):
    lat, lng = place
    antipode = (-lat, lng - 180 if lng > 0 else lng + 180)
    assert distance(place, antipode) == pytest.approx(HALF_GIRTH_KM, abs=1e-3)


def test_arrays_broadcast():
    many = np.array([[0.0, 0.0], [0.0, 90.0], [90.0, 0.0]])
    assert distance(many, (0, 0)) == pytest.approx([0, HALF_GIRTH_KM / 2, HALF_GIRTH_KM / 2])
    assert distance(many[:, None], many[None]).shape == (3, 3)
    assert isinstance(distance((0, 0), (1, 1)), float)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ((139.7, 35.7), "swapped"),
        ((float("nan"), 0), "not a place"),
        ((0, 190), "within ±180"),
        ((0, 0, 0), "pairs"),
        ("Tokyo", "latitude, longitude"),
        ([(0, 0), (91, 0)], "1 of 2 points"),
    ],
)
def test_what_is_no_place_is_said(bad, words):
    with pytest.raises(PlaceError, match=words):
        distance(bad, (0, 0))


def test_an_unknown_method_is_said():
    with pytest.raises(ValueError, match="haversine"):
        distance((0, 0), (1, 1), "vincenty")


def test_bounds_cross_the_date_line():
    assert bounds([(-17, 178), (-18, -179)]) == (-18, 178, -17, 181)
    assert bounds([(35, 139), (36, 140)]) == (35, 139, 36, 140)
    assert bounds([(1, -170)]) == (1, -170, 1, -170)
    assert bounds([(1, -180), (1, 180)]) == (1, 180, 1, 180)
    assert bounds([(0, 10), (0, -10)]) == (0, -10, 0, 10)


@given(st.lists(places, min_size=1, max_size=6))
def test_bounds_hold_every_place_and_are_the_smallest(points):
    south, west, north, east = bounds(points)
    assert west <= east
    for lat, lng in points:
        assert south <= lat <= north
        assert (lng - west) % 360 <= east - west + 1e-6 or (west - lng) % 360 < 1e-6
    widest = max(np.diff(sorted(p[1] for p in points), append=min(p[1] for p in points) + 360))
    assert east - west <= 360 - widest + 1e-6


def test_bounds_of_nothing():
    with pytest.raises(PlaceError, match="at least one"):
        bounds(np.empty((0, 2)))


TOKYO = {"lat": 35.66, "lng": 139.73}


@pytest.mark.parametrize("order", [("lat", "lng"), ("lng", "lat"), ("name", "LNG", "Lat")])
def test_the_columns_of_a_data_frame_go_by_their_names(order):
    frame = pd.DataFrame([{name: TOKYO.get(name.lower(), "x") for name in order}])
    assert check_points(frame).tolist() == [[35.66, 139.73]]
    assert distance(frame, [(35.66, 139.73)]).tolist() == [0]
    assert check_points(frame.iloc[0]).tolist() == [35.66, 139.73]


@pytest.mark.parametrize(
    "points",
    [
        np.ma.masked_equal([[35.66, 0.0]], 0.0),
        np.array([["2017-01-01", "2018-01-01"]], "M8[Y]"),
        np.array([[1, 2]], "m8[D]"),
        [[1j, 2]],
        np.array([[1j, 2]]),
        [[True, False]],
        [["35", "east"]],
        [b"35", b"139"],
        b"35",
        [[10**400, 0]],
        [[1, 2], [3]],
        {"lat": 35, "lng": 139},
        np.array([np.datetime64("2017"), np.datetime64("2018")], object),
        np.array([np.timedelta64(1, "D"), np.timedelta64(2, "D")], object),
        np.array([b"35", b"139"], object),
        np.array([True, False], object),
        [[object(), object()]],
        None,
    ],
)
def test_what_is_no_place_is_one_line(points):
    with pytest.raises(PlaceError) as caught:
        check_points(points)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_of_many_digits_is_one_line(digits):
    with pytest.raises(PlaceError, match=r"expected .latitude, longitude. in degrees"):
        geonb.distance((10**digits, 1), (1, 2))
