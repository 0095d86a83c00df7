"""The guessing game without a browser; test_widget_browser.py plays it in JupyterLab."""

import math

import pytest

import geonb
import geonb_lab
from geonb.errors import PlaceError
from geonb_lab.game.rounds import find_place
from geonb_lab.game.towns import whereabouts
from geonb_training.scenes import round_of_photos, round_of_scenes
from support.pictures import encoded, picture, without_hemisphere


def test_a_round_scores_you_the_model_and_the_constant_guess(game):
    (first,) = game.guess("Kyoto").played
    assert first.km[0] == geonb.distance(find_place("Kyoto").place, geonb.example_photo().place)
    predicted = geonb.predict(geonb.load_model(), geonb.example_photo())
    assert first.guesses[1] == predicted[0].place
    assert first.points == pytest.approx([5000 * math.exp(-km / 1492.7) for km in first.km])


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
    path.write_bytes(encoded(picture(), "JPEG", exif=without_hemisphere()))
    with pytest.raises(PlaceError, match=r"bare\.jpg: no place in its file"):
        geonb_lab.GuessMap(path)


def test_a_slip_of_the_finger_is_asked_about_before_it_counts(game):
    with pytest.raises(PlaceError, match="if you mean Johannesburg, South Africa, write that"):
        game.guess("Johannesberg")
    assert game.rounds.played == ()


def test_naming_the_city_is_a_hit_and_screen_and_paper_name_the_same(mini_round):
    scenes, game = mini_round
    for scene in scenes:
        rounds = game.guess(scene.city.name)
    assert [round_.points[0] for round_ in rounds.played] == [5000] * 5
    for scene in scenes:
        assert whereabouts(scene.place) in repr(rounds)
        assert scene.city.name in whereabouts(scene.place)


@pytest.fixture
def mini_round():
    """Round 7: two of its five photos were taken outside their cities."""
    return round_of_scenes(7), geonb_lab.play(round_of_photos(7))


def test_the_browser_never_gets_the_place_of_a_photo(game, monkeypatch):
    sent = []
    monkeypatch.setattr(type(game), "send", lambda self, *message: sent.append(message))
    game.receive(game, {"type": "ready"}, [])
    (_, (about, (data,))) = sent
    assert geonb.open_photo(data).place is None
    assert set(about) == {"type", "number", "of", "alt"}


def test_a_guess_counts_once(game, monkeypatch):
    monkeypatch.setattr(type(game), "send", lambda self, *message: None)
    for _ in range(2):
        game.receive(game, {"type": "guess", "place": [35.0, 139.0]}, [])
    assert len(game.rounds.played) == 1


def test_what_the_browser_asks_is_answered(game, monkeypatch):
    sent = []
    monkeypatch.setattr(type(game), "send", lambda self, message, *_: sent.append(message))
    game.receive(game, {"type": "next"}, [])
    assert sent.pop()["number"] == 1, "not before its guess"
    game.receive(game, {"type": "town", "text": "Kyoto"}, [])
    assert sent.pop() == {
        "type": "place",
        "place": find_place("Kyoto").place,
        "name": "Kyoto, Japan",
    }
    game.receive(game, {"type": "town", "text": "Xyzzy"}, [])
    refused = sent.pop()
    assert refused["type"] == "refused"
    assert "no town 'Xyzzy' with 5,000 people or more; check the spelling" in refused["text"]
    game.receive(game, {"type": "guess", "place": [35.0, 135.8], "name": "Kyoto"}, [])
    assert sent.pop()["more"]
    assert repr(game) == "<GuessMap: 1 of 2 photos guessed>"
    game.receive(game, {"type": "ready"}, [])
    assert [message["type"] for message in sent[-3:]] == ["map", "photo", "result"]
    game.receive(game, {"type": "next"}, [])
    assert sent.pop()["number"] == 2
