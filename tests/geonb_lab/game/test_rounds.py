"""The score of the game: who won, and what counts as a place."""

import re

import pytest

import geonb
from geonb.errors import PlaceError
from geonb_lab.game.rounds import Round, Rounds, find_place


def test_the_sum_says_who_won(game):
    truth = geonb.example_photo().place
    rounds = game.guess(truth)
    assert re.fullmatch(
        r"You win, 5,000 to 4,99\d\. Always guessing Brasília would get \d+\.", rounds.summary
    )
    rounds = game.guess((-80.0, 0.0))
    you, model, _ = (f"{round(points):,}" for points in rounds.total)
    assert f"The model wins, {model} to {you}. " in rounds.summary
    assert rounds.total == pytest.approx(
        [a + b for a, b in zip(*(r.points for r in rounds.played), strict=True)]
    )
    assert "you, km" in rounds._repr_html_()


def test_a_place_may_be_two_numbers():
    found = find_place(" -12.05, -77.04 ")
    assert found.place == (-12.05, -77.04)
    assert found.sure
    with pytest.raises(PlaceError):
        find_place("95, 3")


def test_a_table_without_a_round_says_so():
    assert "No photo was guessed yet." in repr(Rounds())
    draw = Round("a.jpg", (0.0, 0.0), ((1.0, 0.0), (-1.0, 0.0), (50.0, 0.0)))
    assert Rounds((draw,)).summary.startswith("A draw, 4,641 each. ")
