"""Where things come to lie: small and near the horizon where they are far, each on its side."""

import pytest

from geonb_training.scenes.view import HOUSE_LINE, KERB, Facade, View

VIEW = View(160, 120)


def test_what_is_twice_as_far_is_half_as_large_and_its_foot_nearer_to_the_horizon():
    left, top, right, foot = VIEW.upright(20, 1, 80, 0, 60)
    assert (right - left, foot - top) == (80, 60)
    assert foot == 240, "what is nearest stands on the lower edge"
    left, top, right, foot = VIEW.upright(20, 2, 80, 0, 60)
    assert (right - left, foot - top) == (40, 30)
    assert foot == 180, "half-way to the horizon"


@pytest.mark.parametrize("across", [-KERB, 0, KERB])
def test_the_street_ends_in_one_point(across):
    assert VIEW.at(across, 1e9, 60) == pytest.approx((160, 120), abs=1e-4)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_wall_is_on_its_side_and_what_hangs_over_is_nearer_to_the_road(side):
    wall = Facade(VIEW, side, 1.0, 2.0)
    near, high, far_high, far = wall.panel(0, 1, 0, 100)
    assert near == (160 + side * HOUSE_LINE, 240)
    assert far == (160 + side * HOUSE_LINE / 2, 180)
    assert near[1] - high[1] == 2 * (far[1] - far_high[1]), "the far end is half as high"
    assert abs(wall.at(0, 50, 16)[0] - 160) == HOUSE_LINE - 16
