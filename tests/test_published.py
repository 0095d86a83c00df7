"""The blog's table, and how a model's answer is held against it."""

from pathlib import Path

import numpy as np
import pytest
from networks import write_network
from PIL import Image

import geonb
from geonb.earth.cells import read_cells
from geonb.errors import ModelError
from geonb.evaluation.published import PublishedCheck


@pytest.fixture
def model(tmp_path):
    return geonb.load_model(write_network(tmp_path / "own").prefix)


ANSWER = geonb.published_answer()
PRINTED = tuple((prob, place) for _, prob, place in ANSWER)


def test_the_answer_is_the_blogs():
    assert [p for p, _ in PRINTED] == [0.139923, 0.095210, 0.042224, 0.032602, 0.023119]
    assert ANSWER[0].place == (35.6599344486, 139.728919109)


def test_the_second_guess_is_nearer_to_the_tower_than_the_first():
    first, second, *others = ANSWER.distances
    assert (round(first, 1), round(second, 1)) == (1.5, 0.4)
    assert max(others) < 10


def test_the_answer_is_drawn_with_its_truth_and_says_whose_it_is():
    shown = geonb.show_map(ANSWER, provider="static")
    assert "Tokyo" in repr(shown)
    assert "1.5 km" in shown.alt
    assert "CC BY-SA" in ANSWER.note


def test_its_places_are_cells_of_locationnet(real_files):
    cells = read_cells(real_files / "grids.txt")
    apart = [geonb.distance(cells.places, place) for _, place in PRINTED]
    assert [int(np.argmin(km)) for km in apart[:2]] == [8894, 8838]
    assert max(km.min() for km in apart) < 0.001


def test_another_network_is_told(model):
    compared = geonb.check_published(model, Image.effect_noise((300, 240), 60).convert("RGB"))
    assert not compared.same_network
    assert compared.same_places == 0
    assert "0 of 5 places are the same" in repr(compared)
    assert "AWS blog, 2017" in repr(compared)
    assert "0.139923 35.659934, 139.728919" in repr(compared)


def test_the_same_answer_is_the_same_network():
    rounded = tuple((p + 4e-7, (lat, lng + 1e-9)) for p, (lat, lng) in PRINTED)
    compared = PublishedCheck(PRINTED, rounded)
    assert compared.same_network
    assert repr(compared).endswith("the same network and photo")


def test_the_same_places_with_other_probabilities_are_another_photo():
    other = tuple((p * 0.9, place) for p, place in PRINTED)
    compared = PublishedCheck(PRINTED, other)
    assert (compared.same_places, compared.same_network) == (5, False)


def test_without_the_photo_it_says_so(model):
    with pytest.raises(ModelError, match="photo of Tokyo Tower is lost"):
        geonb.check_published(model)


def test_the_table_names_its_source():
    text = Path(geonb.__file__).with_name("data") / "published_tokyo_tower.md"
    assert "Jaeyoung Choi and\nKevin Li" in text.read_text()
