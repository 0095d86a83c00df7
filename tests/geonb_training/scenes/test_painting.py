"""The canvas: smooth edges, colours that go over into others, and clues that lie in the picture."""

import numpy as np
import pytest

from geonb_training.scenes.painting import SIZE, Canvas, shade
from support.scenes import NOTHING, drawn, has, where


def test_a_picture_has_the_size_of_a_scene_and_smooth_edges():
    pixels, _ = drawn(Canvas.ellipse, (100, 100, 120, 120), "white")
    assert pixels.shape == (SIZE[1], SIZE[0], 3)
    assert has(pixels, (255, 255, 255))[110, 110]
    mixed = where(pixels) & ~has(pixels, (255, 255, 255))
    assert mixed.sum() > 20, "pixels of its rim are mixed of both colours"
    assert not where(pixels)[:98].any()


@pytest.mark.parametrize("part", [Canvas.rectangle, Canvas.ellipse])
@pytest.mark.parametrize("box", [(120, 100, 100, 120), (100, 120, 120, 100)])
def test_a_box_that_is_turned_inside_out_is_nothing(part, box):
    assert not where(drawn(part, box, "white")[0]).any()


def test_a_gradient_goes_from_the_upper_colour_to_the_lower_one():
    pixels, _ = drawn(Canvas.gradient, (0, 0, 320, 120), "black", "white")
    levels = pixels[:120, 160, 0]
    assert levels[0] == 0
    assert levels[-1] == 255
    assert (np.diff(levels) >= 0).all()
    assert not where(pixels)[121:].any()


def test_a_colour_is_made_darker_or_lighter():
    assert shade("red", 0.5) == (127, 0, 0)
    assert shade("red", 1) == shade((255, 0, 0), 1) == (255, 0, 0)
    assert shade("red", 1.5) == (255, 127, 127)


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ((10.4, 20.6, 30, 40), (10, 21, 30, 40)),
        ((-50, 200, 20, 300), (0, 200, 20, 240)),
        ((-50, 10, -5, 30), None),
        ((10, 10, 11, 30), None),  # nobody sees a pixel
    ],
)
def test_a_clue_is_remembered_as_far_as_it_is_in_the_picture(box, kept):
    assert drawn(Canvas.mark, "sign", box)[1].get("sign") == kept


def test_nothing_is_drawn_by_marking():
    assert (drawn(Canvas.mark, "sign", (10, 10, 30, 30))[0] == NOTHING).all()
