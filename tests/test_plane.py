"""Lines on the plane: great circles, cells, land; and the shades that cells are filled with."""

from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import geonb
from geonb.earth import s2
from geonb.maps import beliefs, plane

places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


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


def test_outlines_of_cells_hold_across_the_line_and_at_poles():
    faces = [f"{i:x}" for i in (1, 3, 5, 7, 9, 11)]  # the six faces of the cube
    children = s2.from_tokens(["04", "0c", "14", "1c", "24", "54", "5c", "84", "a4", "bc"])
    for ids in (s2.from_tokens(faces), children):
        cells = geonb.Cells(np.sort(ids), np.zeros((len(ids), 2)))
        for ring in plane.rings(cells):
            assert np.abs(np.diff(ring[:, 0])).max() <= 360
            assert np.abs(ring[:, 1]).max() <= 90
            assert -180 <= ring[0, 0] < 180
    area = sum(_area(r) for r in plane.rings(geonb.Cells(s2.from_tokens(faces), np.zeros((6, 2)))))
    assert area == pytest.approx(360 * 180, rel=0.02)  # together they fill the map, none twice


def _area(ring):
    x, y = ring[:, 0], ring[:, 1]
    return abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def test_land_is_small_and_inside_the_world():
    assert files("geonb").joinpath("data", "land.geojson").stat().st_size <= 200_000
    rings, borders = plane.land()
    assert len(rings) > 100
    assert len(borders) > 100
    for line in [*rings, *borders]:
        assert np.abs(np.diff(line[:, 0])).max() < 180 or np.abs(line[:, 1]).max() == 90
        assert np.abs(line[:, 1]).max() <= 90


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_every_cell_has_one_shade(belief):
    found = [i for shade in beliefs.shades(np.array(belief)) for i in shade.cells]
    assert sorted(found) == list(range(len(belief)))


@pytest.mark.parametrize(
    ("probability", "label"),
    [
        (0.1001, "over 10 %"),
        (0.0999, "1 to 10 %"),
        (0.0101, "1 to 10 %"),
        (0.0099, "0.1 to 1 %"),
        (0.00101, "0.1 to 1 %"),
        (0.00099, "0.01 to 0.1 %"),
        (0.000101, "0.01 to 0.1 %"),
        (0.000099, "under 0.01 %"),
        (0.0, "under 0.01 %"),
    ],
)
def test_a_shade_holds_the_probabilities_that_its_label_says(probability, label):
    assert [shade.label for shade in beliefs.shades(np.array([probability]))] == [label]


def test_the_probable_are_drawn_last():
    belief = np.array([0.5, 0.1, 0.05, 0.005, 0.0005, 0.0])
    got = [(shade.label, shade.cells) for shade in beliefs.shades(belief)]
    assert got[-1] == ("over 10 %", [0, 1])
    assert got[0] == ("under 0.01 %", [5])
