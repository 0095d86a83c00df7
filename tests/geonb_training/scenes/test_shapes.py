"""Landmarks and letters: in their box, in their colour, and each unlike the others."""

import numpy as np
import pytest

from geonb_training.scenes.shapes import draw_landmark, landmarks, scripts, write
from support.scenes import drawn, extent, where

BOX = (100, 50, 200, 200)


def landmark(shape, colour="red"):
    return drawn(draw_landmark, BOX, shape, colour)[0]


@pytest.mark.parametrize("shape", landmarks())
def test_a_landmark_stands_on_the_lower_edge_and_is_no_higher_than_its_box(shape):
    _, top, _, foot = extent(where(landmark(shape)))
    assert top >= BOX[1] - 1
    assert foot >= BOX[3]


def test_no_landmark_looks_like_another():
    outlines = {where(landmark(shape)).tobytes() for shape in landmarks()}
    assert len(outlines) == len(landmarks())


def test_a_landmark_has_the_colour_of_its_city():
    red, blue = landmark("tower"), landmark("tower", "blue")
    mask = where(red)
    assert (where(blue) == mask).all()
    for pixels, channel in ((red, 0), (blue, 2)):
        assert pixels[mask].mean(axis=0).argmax() == channel


def letters(script, seed=0, box=(100, 100, 200, 120)):
    return drawn(write, box, script, "white", np.random.default_rng(seed))[0]


@pytest.mark.parametrize("script", scripts())
def test_letters_fill_their_box_and_stay_in_it(script):
    left, top, right, bottom = extent(where(letters(script)))
    assert 98 <= left < 110
    assert 190 <= right <= 202
    assert top >= 98
    assert bottom <= 122
    narrow = extent(where(letters(script, box=(100, 100, 105, 120))))
    assert narrow[2] - narrow[0] <= 24, "one letter where there's room for none"


def test_no_script_looks_like_another_and_the_same_chances_write_the_same():
    assert len({letters(script).tobytes() for script in scripts()}) == len(scripts())
    one, again, other = letters("kana"), letters("kana"), letters("kana", seed=1)
    assert (one == again).all()
    assert (one != other).any()
