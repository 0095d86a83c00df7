"""Houses: on their side of the street, with the look and the colours of their city."""

import numpy as np
import pytest

from geonb_training.scenes.buildings import HOUSES, draw_house
from geonb_training.scenes.view import KERB, Facade, View
from support.scenes import a_city, drawn, extent, has, where

VIEW = View(160, 120)
NEAR, FAR = 1.45, 2.1


def house(look="brick", side=1, seed=1, ends=(NEAR, FAR), **more):
    city = a_city(building=look, **more)
    rng = np.random.default_rng(seed)
    return drawn(draw_house, Facade(VIEW, side, *ends), city, 1.0, rng)[0]


@pytest.mark.parametrize("look", HOUSES)
@pytest.mark.parametrize("side", [-1, 1])
def test_a_house_stands_beside_the_road_on_its_side(look, side):
    mask = where(house(look, side))
    left, _, right, foot = extent(mask)
    kerb = VIEW.at(side * KERB, FAR)[0]
    assert (left > kerb) if side == 1 else (right < kerb)
    assert foot == pytest.approx(VIEW.at(0, NEAR)[1], abs=2)


def test_no_look_is_like_another_and_the_same_chances_build_the_same():
    plain = {"wall": "tan", "roof": "maroon"}
    assert len({house(look, **plain).tobytes() for look in HOUSES}) == len(HOUSES)
    assert (house() == house()).all()


def test_most_walls_have_the_colour_of_the_city_and_some_another():
    own = [has(house(wall="lime", seed=seed), (0, 255, 0)).sum() > 500 for seed in range(50)]
    assert 0.55 < np.mean(own) < 0.9


@pytest.mark.parametrize("look", HOUSES)
def test_the_roof_has_the_colour_of_the_city_and_is_on_top(look):
    far = (4.2, 6.0)  # where the highest are seen whole
    green, blue = house(look, ends=far, roof="lime"), house(look, ends=far, roof="blue")
    roof, mask = (green != blue).any(axis=2), where(green)
    assert roof.sum() > 5
    assert extent(roof)[1] <= extent(mask)[1] + 4
    assert np.argwhere(roof)[:, 0].mean() < np.argwhere(mask)[:, 0].mean()


def test_an_office_block_is_higher_than_any_house_of_boards():
    tops = {extent(where(house("glass", seed=seed)))[1] for seed in range(8)}
    low = {extent(where(house("clapboard", seed=seed)))[1] for seed in range(8)}
    assert max(tops) < min(low)
