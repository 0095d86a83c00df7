"""The round of the game for a class: the same for everyone, and on paper."""

import importlib.util
import re

import pytest

import geonb_lab
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
        assert f"{scene.city.name}, {scene.city.country}" in answers
    assert questions.count("<img alt=") == 5
    assert "EXIF" not in questions
