"""Trees of each climate, and shadows that tell where the sun is."""

import numpy as np
import pytest

from geonb_training.scenes.plants import TREES, draw_shadow, draw_tree
from geonb_training.scenes.view import View
from support.scenes import a_city, drawn, extent, where

VIEW = View(160, 120)
FOOT = (110.0, 1.5)
X, Y = VIEW.at(*FOOT)
CLIMATES = ("Af", "BWh", "BSk", "Csa", "Cfa", "Dfb")


def tree(climate, size=100):
    return drawn(draw_tree, VIEW, a_city(climate=climate), FOOT, size)


@pytest.mark.parametrize("climate", CLIMATES)
def test_a_tree_stands_where_it_grows_and_where_it_is_marked(climate):
    pixels, clues = tree(climate)
    left, top, right, foot = extent(where(pixels))
    assert left < X < right
    assert foot == pytest.approx(Y, abs=2)
    assert top >= Y - 100 / FOOT[1] - 1
    marked = clues["tree"]
    assert marked[0] - 3 < left
    assert right < marked[2] + 3
    low = extent(where(tree(climate, size=50)[0]))
    assert foot - low[1] < 0.6 * (foot - top)


def test_each_climate_has_its_tree_and_deserts_the_palms_of_the_tropics():
    drawings = {climate: tree(climate)[0].tobytes() for climate in CLIMATES}
    assert len(set(drawings.values())) == len(set(TREES.values())) == 5
    assert drawings["Af"] == drawings["BWh"]


def shadow(latitude):
    """How far the shadow of a tree reaches to the left and to the right of it, pixels."""
    city = a_city(place=(latitude, 10.0))
    left, _, right, _ = extent(where(drawn(draw_shadow, VIEW, city, FOOT, 100)[0]))
    return X - left, right - X


def test_shadows_fall_away_from_the_sun():
    to_left, to_right = shadow(50.0)  # seen to the east, its noon sun is on the right
    assert to_left > 5 * to_right
    to_left, to_right = shadow(-35.0)
    assert to_right > 5 * to_left


def test_shadows_are_the_longer_the_farther_from_the_equator():
    lengths = [sum(shadow(latitude)) for latitude in (0.0, 20.0, 40.0, 55.0)]
    assert (np.diff(lengths) > 5).all()
    assert lengths[0] < 10
    assert shadow(64.0) == shadow(80.0), "two heights at most"
