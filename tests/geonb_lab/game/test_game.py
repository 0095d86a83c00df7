"""The guessing game without a browser; test_game_browser.py plays it in JupyterLab."""

import math

import pytest

import geonb
import geonb_lab
from geonb.errors import PlaceError
from geonb_lab.game.rounds import find_place
from support.pictures import encoded, picture


@pytest.fixture
def game():
    return geonb_lab.play([geonb.example_photo("tokyo"), geonb.example_photo("lima")])


def test_a_round_scores_you_the_model_and_the_constant_guess(game):
    (first,) = game.guess("Kyoto").played
    assert first.km[0] == geonb.distance(find_place("Kyoto"), geonb.example_photo().place)
    predicted = geonb.predict(geonb.load_model(), geonb.example_photo())
    assert first.guesses[1] == predicted[0].place
    assert first.points == pytest.approx([5000 * math.exp(-km / 1492.7) for km in first.km])


def test_the_sum_says_who_won(game):
    truth = geonb.example_photo().place
    rounds = game.guess(truth)
    assert "1 photo: you beat the model, 5,000 to" in rounds.summary
    rounds = game.guess((-80.0, 0.0))
    assert "2 photos: the model beats you" in rounds.summary
    assert rounds.total == pytest.approx(
        [a + b for a, b in zip(*(r.points for r in rounds.played), strict=True)]
    )
    assert "you, km" in rounds._repr_html_()


def test_after_the_last_photo_there_is_no_guess(game):
    game.guess("Tokyo")
    game.guess("Lima")
    with pytest.raises(PlaceError, match="all photos were guessed; play again"):
        game.guess("Cairo")


def test_a_photo_without_its_place_is_refused_at_once_by_its_name(tmp_path):
    path = tmp_path / "bare.jpg"
    path.write_bytes(encoded(picture(), "JPEG"))
    with pytest.raises(PlaceError, match=r"bare\.jpg: no place in its file"):
        geonb_lab.GuessMap(path)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Tokyo", (35.7, 139.7)),
        ("são paulo", (-23.5, -46.6)),
        ("SAO PAULO", (-23.5, -46.6)),
        ("Paris", (48.9, 2.3)),
        ("Paris, United States", (33.7, -95.6)),
        (" -12.05, -77.04 ", (-12.05, -77.04)),
    ],
)
def test_a_place_is_a_town_or_two_numbers(text, near):
    assert geonb.distance(find_place(text), near) < 20


@pytest.mark.parametrize("text", ["Nowhere at all", "Paris, Japan", "", "95, 3"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(PlaceError):
        find_place(text)


def test_the_browser_never_gets_the_place_of_a_photo(game, monkeypatch):
    sent = []
    monkeypatch.setattr(type(game), "send", lambda self, *message: sent.append(message))
    game._receive(game, {"type": "ready"}, [])
    (_, (about, (data,))) = sent
    assert geonb.open_photo(data).place is None
    assert set(about) == {"type", "number", "of", "alt"}


def test_a_guess_counts_once(game, monkeypatch):
    monkeypatch.setattr(type(game), "send", lambda self, *message: None)
    for _ in range(2):
        game._receive(game, {"type": "guess", "place": [35.0, 139.0]}, [])
    assert len(game.rounds.played) == 1
