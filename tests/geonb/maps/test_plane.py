"""Lines on the plane: great circles, cells, land and coasts."""

from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import geonb
from geonb.maps import plane

places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def _area(ring):
    x, y = ring[:, 0], ring[:, 1]
    return abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


@given(places, places)
def test_a_great_circle_is_as_long_as_the_distance(a, b):
    km = geonb.distance(a, b)
    if km > 19_900:  # nearly antipodes: every way is as short, and a line on the plane is not
        return
    line = plane.great_circle(a, b)
    legs = geonb.distance(np.clip(_as_places(line[:-1]), -180, 180), _as_places(line[1:]))
    assert legs.sum() == pytest.approx(km, abs=0.01)
    assert np.abs(np.diff(line[:, 0])).max() <= 180


def _as_places(line):
    return np.stack([line[:, 1].clip(-90, 90), (line[:, 0] + 180) % 360 - 180], axis=-1)


def test_land_is_small_and_inside_the_world():
    assert files("geonb").joinpath("data", "land.geojson").stat().st_size <= 200_000
    rings, borders = plane.land()
    assert len(rings) > 100
    assert len(borders) > 100
    for line in [*rings, *borders]:
        assert np.abs(np.diff(line[:, 0])).max() < 180 or np.abs(line[:, 1]).max() == 90
        assert np.abs(line[:, 1]).max() <= 90


def test_coasts_are_fine_and_inside_the_world():
    shores, borders = plane.coasts()
    assert files("geonb").joinpath("data", "coasts.json.gz").stat().st_size <= 900_000
    assert len(shores) > 3000
    assert len(borders) > 100
    assert all(np.abs(line[:, 1]).max() <= 90 for line in shores)
    box = (-19, 177, -16, 181)
    coarse = list(plane.cut_rings(plane.land()[0], box))
    fine, _ = plane.coasts_in(box)
    assert len(fine) > 3 * max(len(coarse), 1)
    assert sum(map(len, fine)) > 500


def test_rings_and_lines_are_cut_to_a_box():
    square = np.array([[0.0, 0], [4, 0], [4, 4], [0, 4], [0, 0]])
    [cut] = plane.cut_rings([square], (1, 1, 3, 9))
    assert _area(cut) == pytest.approx(2 * 8 - 2 * 5)  # 1..9 east ends at 4, 1..3 north
    line = np.stack([np.arange(10.0), np.zeros(10)], axis=-1)
    assert [part[:, 0].tolist() for part in plane.cut_lines([line], (-1, 3, 1, 5))] == [
        [2.0, 3.0, 4.0, 5.0, 6.0]
    ]
    assert list(plane.cut_lines([line], (2, 3, 4, 5))) == []


@given(places)
def test_equal_earth_keeps_areas(place):
    lat, lng = np.clip(place[0], -89, 89), np.clip(place[1], -179, 179)
    step = 1e-4
    corners = np.array([[lng, lat], [lng + step, lat], [lng, lat + step]])
    a, b, c = plane.equal_earth(corners)
    area = abs(np.cross(np.append(b - a, 0), np.append(c - a, 0))[2])
    assert area == pytest.approx(np.radians(step) ** 2 * np.cos(np.radians(lat)), rel=1e-3)
