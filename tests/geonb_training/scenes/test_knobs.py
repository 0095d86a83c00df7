"""Streets whose clues can be changed, one at a time."""

import numpy as np
import pytest

from geonb.errors import TrainingError
from geonb_training.scenes import Street, draw, example_street, held_out, shoot
from geonb_training.scenes.sets import EXAMPLES, example_shot


def pixels(street):
    return np.asarray(street.draw().image).astype(int)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_street_that_nobody_turned_is_the_example_photo(name):
    np.testing.assert_array_equal(
        pixels(example_street(name)), np.asarray(draw(example_shot(name)).image)
    )


def test_each_knob_changes_the_picture_around_its_clue_only():
    street = example_street()
    before, clues = pixels(street), street.draw().clues
    clue = {"centre line": "centre line", "writing": "shop sign", "warning sign": "warning sign",
            "number plates": "plate"}  # fmt: skip
    for knob, name in clue.items():
        changed = np.abs(pixels(street.turn(knob, street.knobs[knob][1])) - before).max(axis=2) > 24
        left, top, right, bottom = clues[name]
        assert changed.any(), knob
        changed[max(0, top - 6) : bottom + 6, max(0, left - 6) : right + 6] = False
        assert not changed.any(), f"{knob} changed something else"


def test_a_landmark_leaves_the_houses_where_they_are():
    street = example_street()
    before, after = pixels(street), pixels(street.turn("landmark", "Tokyo Tower"))
    box = street.turn("landmark", "Tokyo Tower").draw().clues["landmark"]
    changed = np.abs(after - before).max(axis=2) > 24
    changed[box[1] - 6 : box[3] + 6, box[0] - 6 : box[2] + 6] = False
    assert not changed.any()


def test_the_order_of_turns_makes_no_difference():
    street = example_street()
    one = street.turn("climate", "cold").turn("landmark", "Big Ben")
    other = street.turn("landmark", "Big Ben").turn("climate", "cold")
    np.testing.assert_array_equal(pixels(one), pixels(other))
    back = one.turn("climate", "mild").turn("landmark", "none")
    np.testing.assert_array_equal(pixels(back), pixels(street))


def test_every_choice_of_every_street_can_be_drawn():
    for number in range(12):
        street = Street(shoot(number, "test", 1))
        assert set(street.settings) == set(street.knobs)
        for knob, choices in street.knobs.items():
            assert street.settings[knob] == choices[0]
            assert len(set(choices)) == len(choices) > 1
        for choice in street.knobs["landmark"]:
            assert ("landmark" in street.turn("landmark", choice).draw().clues) == (
                choice != "none"
            )
    assert next(iter(held_out(1))).city == Street(shoot(0, "test", 1)).draw().city


@pytest.mark.parametrize(
    ("knob", "choice", "words"),
    [
        ("moon", "full", "no knob 'moon'; there are side of the road, centre line"),
        ("walls", "pink", "walls can't be 'pink'; there are grey, red"),
    ],
)
def test_what_cannot_be_turned_is_said(knob, choice, words):
    with pytest.raises(TrainingError, match=words):
        example_street().turn(knob, choice)
