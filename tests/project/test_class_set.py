"""The round of the game for a class: the same for everyone, and on paper."""

import base64
import importlib.util
import io
import re
from html import escape

import pytest
from PIL import Image

import geonb_lab
from geonb_lab.game.towns import whereabouts
from geonb_training.scenes import round_of_photos, round_of_scenes
from support import ROOT

SCRIPT = ROOT / "workshop" / "class_set.py"


@pytest.fixture(scope="module")
def class_set():
    spec = importlib.util.spec_from_file_location("class_set", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_everyone_has_the_same_round():
    first, again, other = round_of_photos(7), round_of_photos(7), round_of_photos(8)
    assert [p.source for p in first] == [p.source for p in again]
    assert [p.place for p in first] != [p.place for p in other]


def test_it_begins_with_landmarks_and_ends_without():
    scenes = round_of_scenes(7)
    assert [("landmark" in scene.clues) for scene in scenes] == [True, True, False, False, False]
    assert len({scene.city.country for scene in scenes}) == 5


def test_its_photos_can_be_played_and_their_names_tell_nothing():
    photos = round_of_photos(7)
    assert [photo.name for photo in photos] == [f"photo {n}" for n in range(1, 6)]
    rounds = geonb_lab.play(photos).guess("London")
    assert rounds.played[0].truth == photos[0].place


def test_the_answers_are_on_the_second_page_only(class_set):
    questions, answers = re.findall(r"<section>.*?</section>", class_set.page(7), re.DOTALL)
    for scene in round_of_scenes(7):
        assert scene.city.name not in questions
        assert escape(whereabouts(scene.place)) in answers, "as the screen names it"
        assert scene.city.name in answers
    assert questions.count("<img alt=") == 5
    assert "EXIF" not in questions
    assert "Print in colour" in questions


def test_photos_are_wide_enough_and_points_can_be_read_off(class_set):
    page = class_set.page(7)
    assert "img { width: 88mm; }" in page
    answers = page.partition("Answers, round")[2]
    assert [answers.count(f'class="circle r{km}"') for km in (500, 1000, 2000)] == [5, 5, 5]
    assert "Gateway of India" in answers, "what gave it away"
    assert "Devanagari letters" in answers
    assert "a tropical climate" in answers
    assert "Gateway of India" not in page.partition("Answers, round")[0]


def test_a_variant_for_copiers_tells_the_colours_in_words(class_set):
    page = class_set.page(7, colour=False)
    assert page.count("Colours: walls ") == 5
    for data in re.findall(r"data:image/jpeg;base64,([^\"]+)", page):
        assert Image.open(io.BytesIO(base64.b64decode(data))).mode == "L"


def test_a_circle_across_the_date_line_goes_on_at_the_other_edge(class_set):
    (small, *_) = re.findall(r' d="([^"]+)"', class_set.circles_around(1, (-36.8, 174.8)))
    lngs = [float(pair.split()[0]) for pair in re.split("[ML]", small) if pair]
    assert any(-180 < lng < -178 for lng in lngs)
    assert any(178 < lng < 180 for lng in lngs)
