"""The guessing game without a browser; test_widget_browser.py plays it in JupyterLab."""

import math
import re
from importlib import resources

import pytest

import geonb
import geonb_lab
from geonb.earth.places import gazetteer
from geonb.errors import PlaceError
from geonb_lab.game.rounds import find_place
from geonb_lab.game.towns import whereabouts
from geonb_training.scenes import round_of_photos, round_of_scenes
from support.pictures import encoded, picture, without_hemisphere


@pytest.fixture
def game():
    return geonb_lab.play([geonb.example_photo("tokyo"), geonb.example_photo("lima")])


def test_a_round_scores_you_the_model_and_the_constant_guess(game):
    (first,) = game.guess("Kyoto").played
    assert first.km[0] == geonb.distance(find_place("Kyoto").place, geonb.example_photo().place)
    predicted = geonb.predict(geonb.load_model(), geonb.example_photo())
    assert first.guesses[1] == predicted[0].place
    assert first.points == pytest.approx([5000 * math.exp(-km / 1492.7) for km in first.km])


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


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Tokyo", (35.7, 139.7)),
        ("são paulo", (-23.5, -46.6)),
        ("SAO PAULO", (-23.5, -46.6)),
        ("Paris", (48.9, 2.3)),
        ("Paris, United States", (33.7, -95.6)),
        ("New York", (40.7, -74.0)),
        ("Frankfurt", (50.1, 8.7)),
        ("Seville", (37.4, -6.0)),
        ("Ghent", (51.1, 3.7)),
        ("Kiev", (50.4, 30.5)),
        ("Marrakech", (31.6, -8.0)),
        ("London, UK", (51.5, -0.1)),
        ("Rio", (-22.9, -43.2)),
        ("Rio, Greece", (38.3, 21.8)),
        ("Bali", (-8.65, 115.2)),
        ("York", (54.0, -1.1)),
        ("Den Haag", (52.1, 4.3)),
        ("Kairo", (30.0, 31.2)),
        ("Mallorca", (39.6, 2.6)),
        ("Washington, D.C.", (38.9, -77.0)),
        ("St. Petersburg", (59.9, 30.3)),
        (" -12.05, -77.04 ", (-12.05, -77.04)),
    ],
)
def test_a_place_is_a_town_or_two_numbers(text, near):
    assert geonb.distance(find_place(text).place, near) < 20


def test_every_alias_leads_to_a_town_that_it_would_not_find_without():
    lines = resources.files("geonb_lab.game").joinpath("aliases.txt").read_text("utf-8")
    for alias, known in (line.split(" = ") for line in lines.splitlines() if line[0] != "#"):
        town, country = known.strip(", ").rpartition(", ")[::2]
        largest = largest_town(country)  # with which a country's alias is tried
        found = find_place(alias if town else f"{largest}, {alias}")
        assert found.sure
        assert found.name.startswith(town or largest), alias


def largest_town(country):
    towns = gazetteer()
    own = [i for i, name in enumerate(towns.countries) if name == country]
    return towns.names[max(own, key=lambda i: towns.people[i])]


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


@pytest.mark.parametrize("text", ["Nowhere at all", "Paris, Japan", "", "95, 3"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(PlaceError):
        find_place(text)


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
