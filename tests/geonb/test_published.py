"""LocationNet's answer for Tokyo Tower, as the blog printed it."""

from pathlib import Path

import numpy as np

import geonb
from geonb.earth.cells import read_cells

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


def test_the_table_names_its_source():
    text = Path(geonb.__file__).with_name("data") / "published_tokyo_tower.md"
    assert "Jaeyoung Choi and\nKevin Li" in text.read_text()
