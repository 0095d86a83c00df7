"""The world that pans and zooms: true to shape around a place, whole around every meridian."""

import re

import numpy as np
import pytest

from geonb.maps import atlas, plane
from support.places import CASES


@pytest.mark.parametrize("place", [(35.66, 139.73), (64.1, -21.9), (-45.0, 170.0), (0.0, 0.0)])
@pytest.mark.parametrize("centre", [0.0, 139.73, -170.0])
def test_a_place_is_true_to_its_shape(place, centre):
    """Ten kilometres east and north of a place are as long, and at right angles, north up."""
    ground = atlas.Ground(centre)
    lat, lng = place
    degree = 10 / (np.pi * 6371 / 180)
    east = np.array([lng + degree / np.cos(np.radians(lat)), lat])
    north = np.array([lng, lat + degree])
    away = ground.at(np.stack([east, north])) - ground.at(np.array([lng, lat]))
    x, y = away @ (5.0 * ground.matrix(place)).T
    side = ground.at(np.array([centre + 179.9999, 0.0])) - ground.at(np.array([centre, 0.0]))
    unit = side[0] / plane.equal_earth(np.array([180.0, 0.0]))[0] / 6371  # of the ground, in a km
    assert x == pytest.approx([10 * 5 * unit, 0], abs=0.2)
    assert y == pytest.approx([0, -10 * 5 * unit], abs=0.2)


@pytest.mark.newest
def test_the_script_projects_as_python_does(chromium):
    """The projection stands once in each language: the two agree, there and back."""
    page = chromium.new_page()
    page.add_script_tag(content=atlas.SCRIPT)
    places = [(lng, lat) for lng in (-179.9, -30.0, 0.0, 139.7) for lat in (-89, -45, 0, 35.7, 80)]
    on_ground = np.array(page.evaluate("(places) => places.map((p) => toGround(...p))", places))
    assert on_ground == pytest.approx(atlas.Ground().at(np.array(places)), abs=0.01)
    back = page.evaluate("(spots) => spots.map((p) => fromGround(...p))", on_ground.tolist())
    assert np.array(back) == pytest.approx(np.array(places), abs=1e-4)
    for lng, lat in places:
        a, b, c, d = page.evaluate("(place) => shapeAt(...place)", [lng, lat])
        matrix = atlas.Ground().matrix((lat, lng))
        assert [[a, c], [b, d]] == [pytest.approx(row, rel=1e-3, abs=1e-4) for row in matrix]
    page.close()


def corners(path):
    """The points of an SVG path of steps, (N, 2), over all of its parts."""
    parts = [re.findall(r"-?\d+", part) for part in path.split("M")[1:]]
    return np.concatenate([np.reshape(part, (-1, 2)).astype(int).cumsum(axis=0) for part in parts])


@pytest.mark.parametrize("centre", [0.0, 139.73, -170.0])
def test_land_ends_at_the_sides_of_the_world_around_any_meridian(centre):
    shores, _ = plane.land()
    x = corners(atlas.Ground(centre).path(shores, closed=True))[:, 0]
    assert -atlas.HALF <= x.min() < -0.9 * atlas.HALF
    assert 0.9 * atlas.HALF < x.max() <= atlas.HALF


def test_there_is_no_way_between_a_place_and_itself():
    ground = atlas.Ground()
    assert ground.way((48.8, 2.3), (48.8, 2.3)) == "<path class='way' d=''/>"
    assert ground.way((48.8, 2.3), (48.9, 2.4)).startswith("<path class='way' d='M")


def test_the_pins_of_a_map_say_their_words_and_the_best_lies_in_front():
    svg = atlas.draw(CASES["fiji"], "words <&")
    assert "aria-label='words &lt;&amp;'" in svg
    titles = re.findall(r"<title>(.*?)</title>", svg)
    assert [title[:2] for title in titles] == ["5:", "4:", "3:", "2:", "1:", "★:"]
    assert titles[4].startswith("1: 41 km from Lami, Fiji, 14%")
    assert svg.count("class='way'") == 1
    assert "class='way'" not in atlas.draw(CASES["one"], "")


def test_the_largest_towns_come_first_and_those_around_the_guesses_are_among_them():
    world = [name for name, _ in atlas.largest_towns()]
    around = [name for name, _ in atlas.largest_towns(CASES["fiji"])]
    assert world[0] == around[0] == "Shanghai"
    assert "Suva" in around
    assert "Suva" not in world
    assert set(world) < set(around)
