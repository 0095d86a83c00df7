"""Sky, road and signs: as the climate and the country have them."""

import numpy as np
import pytest

from geonb_training.scenes.shapes import scripts
from geonb_training.scenes.street import draw_ground, draw_shop_sign, draw_sky, draw_warning_sign
from geonb_training.scenes.view import HOUSE_LINE, KERB, View
from support.scenes import a_city, drawn, extent, has, where

VIEW = View(160, 120)


def sky(seed, **look):
    return drawn(draw_sky, VIEW, a_city(**look), np.random.default_rng(seed))


@pytest.mark.parametrize(("latitude", "side"), [(35.0, 1), (-35.0, -1)])
def test_the_noon_sun_stands_in_the_south_or_the_north_for_who_looks_east(latitude, side):
    skies = [sky(seed, place=(latitude, 10.0))[1] for seed in range(15)]
    suns = [clues["sun"] for clues in skies if "sun" in clues]
    assert suns
    assert all(((left + right) / 2 - VIEW.centre) * side > 20 for left, _, right, _ in suns)


def test_the_sun_is_higher_the_nearer_the_equator():
    seed = next(seed for seed in range(99) if "sun" in sky(seed)[1])
    tops = [sky(seed, place=(latitude, 10.0))[1]["sun"][1] for latitude in (5.0, 30.0, 60.0)]
    assert tops == sorted(tops)
    assert len(set(tops)) == 3


def test_the_sun_shines_more_often_in_dry_climates():
    def share(climate):
        return np.mean(["sun" in sky(seed, climate=climate)[1] for seed in range(40)])

    assert share("BWh") > share("Cfa") + 0.2


def test_each_group_of_climates_has_its_blue_and_the_sky_ends_at_the_horizon():
    climates = ("Af", "BWh", "Csb", "Dfb")
    skies = ([sky(seed, climate=climate) for climate in climates] for seed in range(99))
    clear = next(some for some in skies if all("sun" in clues for _, clues in some))
    assert len({pixels[1, 1].tobytes() for pixels, _ in clear}) == 4
    for pixels, _ in clear:
        assert not where(pixels)[int(VIEW.horizon) + 2 :].any()


def ground(seed, **look):
    return drawn(draw_ground, VIEW, a_city(**look), np.random.default_rng(seed))


def test_the_centre_line_has_the_colour_of_the_country():
    white, clues = ground(0, centre_line="white")
    left, top, right, bottom = clues["centre line"]
    yellow, _ = ground(0, centre_line="yellow")
    here = (slice(top - 4, bottom), slice(left - 1, right + 1))
    assert has(white, (255, 255, 255))[here].sum() > 100
    assert has(yellow, (255, 215, 0))[here].sum() > 100
    changed = (white != yellow).any(axis=2)
    changed[here] = False
    assert not changed.any()


def test_the_ground_is_below_the_horizon_and_has_its_climate():
    pixels, _ = ground(0, climate="BWh")
    assert extent(where(pixels))[1] >= VIEW.horizon - 1
    beside = (int(VIEW.horizon) + 8, 10)
    assert tuple(pixels[beside]) == (222, 184, 135)  # sand
    assert tuple(ground(0, climate="Af")[0][beside]) == (34, 139, 34)  # green
    assert tuple(pixels[235, 100]) == (105, 105, 105), "the road"


def warning(kind, drives="right"):
    return drawn(draw_warning_sign, VIEW, a_city(warning=kind, drives=drives), 1.5)


@pytest.mark.parametrize(("drives", "side"), [("right", 1), ("left", -1)])
def test_a_warning_sign_is_beside_the_road_on_the_side_that_traffic_keeps_to(drives, side):
    pixels, clues = warning("triangle", drives)
    left, _, right, foot = extent(where(pixels))
    kerb = VIEW.at(side * KERB, 1.5)[0]
    assert ((left + right) / 2 - kerb) * side > 0
    assert foot == pytest.approx(VIEW.at(0, 1.5)[1], abs=2)
    sign = clues["warning sign"]
    assert left >= sign[0] - 2
    assert right <= sign[2] + 2


def test_warning_signs_have_the_shape_and_the_ground_of_the_country():
    kinds = ("triangle", "triangle-yellow", "diamond")
    white, yellow, diamond = (
        pixels[top:bottom, left:right]
        for pixels, (left, top, right, bottom) in (
            (drawing, clues["warning sign"]) for drawing, clues in map(warning, kinds)
        )
    )
    assert has(white, (255, 0, 0)).sum() > 50, "a red rim"
    assert has(white, (255, 255, 255)).sum() > 20
    assert has(yellow, (255, 215, 0)).sum() > 20
    assert has(diamond, (255, 215, 0)).sum() > has(yellow, (255, 215, 0)).sum()
    assert not has(diamond, (255, 0, 0)).any()


def shop(script, side=1, seed=3):
    return drawn(draw_shop_sign, VIEW, a_city(script=script), side, np.random.default_rng(seed))


@pytest.mark.parametrize("side", [-1, 1])
def test_a_shop_sign_hangs_over_the_pavement_of_its_side(side):
    pixels, clues = shop("latin", side)
    left, top, right, bottom = extent(where(pixels))
    marked = clues["shop sign"]
    assert marked[0] - 2 <= left
    assert right <= marked[2] + 2
    assert (left > VIEW.centre + 20) if side == 1 else (right < VIEW.centre - 20)
    assert bottom < VIEW.at(side * HOUSE_LINE, 1.6, 60)[1], "above the heads of people"
    assert top > 0


def test_shop_signs_are_in_the_script_of_the_city_and_else_the_same():
    signs = {script: shop(script) for script in scripts()}
    assert len({pixels.tobytes() for pixels, _ in signs.values()}) == len(signs)
    assert len({clues["shop sign"] for _, clues in signs.values()}) == 1
