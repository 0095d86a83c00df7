"""Cars: on their side of the road, with the plates and taxis of their city."""

import numpy as np
import pytest

from geonb_training.scenes.cars import draw_cars
from geonb_training.scenes.view import KERB, View
from support.scenes import a_city, drawn, extent, has, where


def test_traffic_keeps_to_the_citys_side(some):
    for scene in some:
        for clue, sides in (("car ahead", ("left", "right")), ("oncoming car", ("right", "left"))):
            if clue in scene.clues:
                left, _, right, _ = scene.clues[clue]
                shown = sides[(left + right) / 2 > 160]
                assert shown == scene.city.drives


VIEW = View(160, 120)


def cars(seed, **look):
    return drawn(draw_cars, VIEW, a_city(**look), np.random.default_rng(seed))


@pytest.fixture(scope="module")
def seed_with_plate():
    """Chances that draw a car ahead, which is no taxi."""
    return next(seed for seed in range(99) if "plate" in cars(seed, taxi=())[1])


def inside(pixels, box):
    left, top, right, bottom = box
    return pixels[top:bottom, left:right]


@pytest.mark.parametrize(
    ("plate", "colour"),
    [
        ("white", (255, 255, 255)),
        ("yellow", (255, 215, 0)),
        ("black", (0, 0, 0)),
        ("blue", (0, 0, 205)),
        ("blue-top", (0, 0, 205)),
        ("white-blue", (0, 0, 205)),
    ],
)
def test_a_plate_has_the_colours_of_its_country(seed_with_plate, plate, colour):
    pixels, clues = cars(seed_with_plate, plate=plate, taxi=())
    here = inside(has(pixels, colour), clues["plate"])
    others = inside(has(cars(seed_with_plate, plate="red", taxi=())[0], colour), clues["plate"])
    assert here.sum() > 20 + others.sum()
    if plate == "blue-top":
        assert here.argmax() < here.size / 2
    if plate == "white-blue":
        assert here[:, : here.shape[1] // 3].sum() == here.sum(), "at its left end"


def test_plates_are_long_or_short(seed_with_plate):
    def ratio(shape):
        left, top, right, bottom = cars(seed_with_plate, plate_shape=shape, taxi=())[1]["plate"]
        return (right - left) / (bottom - top)

    assert ratio("long") > 3
    assert ratio("short") < 2.2


def test_taxis_are_those_of_the_city():
    seen = [cars(seed, taxi=("lime",)) for seed in range(40)]
    taxis = [(pixels, clues["taxi"]) for pixels, clues in seen if "taxi" in clues]
    assert 10 < len(taxis) < 40
    for pixels, box in taxis:
        assert inside(has(pixels, (0, 255, 0)), box).sum() > 50
    without = [cars(seed, taxi=())[1] for seed in range(40)]
    assert not any("taxi" in clues for clues in without)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_car_stands_on_the_road(side):
    for seed in range(20):
        pixels, clues = cars(seed, drives=side)
        if clues:
            left, top, right, foot = extent(where(pixels))
            assert VIEW.at(-KERB, 1)[0] < left < right < VIEW.at(KERB, 1)[0]
            assert VIEW.horizon - 1 < top < foot <= 240
