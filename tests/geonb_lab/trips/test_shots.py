"""What is kept of a photo: enough to say nearly the same."""

import numpy as np
import pytest

import geonb
from geonb_lab.trips.shots import WORTH, KeptBelief, Shot, candidates, class_of
from geonb_lab.trips.trip import connect
from support.trips import MINI


def test_few_candidates_say_nearly_what_all_places_say(trips, monkeypatch):
    located, _ = trips
    shots = [
        Shot(photo.name, photo.source, KeptBelief.of(photo.probabilities_alone), photo.taken)
        for photo in located[0]
    ]
    dense = connect(MINI, shots)
    monkeypatch.setattr("geonb_lab.trips.shots.KEPT", 64)
    monkeypatch.setattr("geonb_lab.trips.shots.CANDIDATES", 32)
    sparse = connect(MINI, shots)
    asked = candidates([shot.belief for shot in shots], [None] * 14, len(MINI.cells))
    assert all(len(classes) < 120 for classes in asked)
    gaps = [np.abs(sparse[i].probabilities - dense[i].probabilities).sum() / 2 for i in range(14)]
    assert max(gaps) < 0.03


def test_a_known_place_is_a_candidate_nearby_in_time(monkeypatch):
    monkeypatch.setattr("geonb_lab.trips.shots.KEPT", 2)
    monkeypatch.setattr("geonb_lab.trips.shots.CANDIDATES", 2)
    belief = KeptBelief.of(np.array([0.6, 0.3, 0.1, 0.0, 0.0], np.float32))
    found = candidates([belief] * 3, [None, 4, None], 5)
    assert [classes.tolist() for classes in found] == [[0, 1, 4], [0, 4], [0, 1, 4]]


def test_a_belief_keeps_the_most_probable_places_and_still_adds_up(monkeypatch):
    monkeypatch.setattr("geonb_lab.trips.shots.KEPT", 2)
    belief = KeptBelief.of(np.array([0.1, 0.5, 0.05, 0.3, 0.05], np.float32))
    assert belief.classes.tolist() == [1, 3]
    assert belief.whole() == pytest.approx([0.2 / 3, 0.5, 0.2 / 3, 0.3, 0.2 / 3])


def test_no_belief_rules_a_place_out_and_none_is_trusted_whole():
    sure = np.zeros(4, np.float32)
    sure[2] = 1.0
    seen = KeptBelief.of(sure).seen(np.arange(4))
    assert seen.tolist() == pytest.approx([1 - WORTH, 1 - WORTH, 4 * WORTH + 1 - WORTH, 1 - WORTH])
    twice = KeptBelief.of(np.array([0.2, 0.4, 0.4, 0.0], np.float32)).seen(np.arange(2))
    assert 1.3 < twice[1] / twice[0] < 1.6, "a place that is twice as probable"


def test_beliefs_are_alike_as_far_as_they_share_places():
    one, half, other = (
        KeptBelief.of(np.array(row, np.float32))
        for row in ([1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5])
    )
    assert one.alike(one) == pytest.approx(1)
    assert one.alike(half) == half.alike(one) == pytest.approx(0.5**0.5)
    assert half.alike(other) == 0


def test_a_place_beside_every_cell_is_of_the_nearest():
    cells = MINI.cells
    assert class_of(cells, cells.place(7)) == 7
    pole = (-90.0, 0.0)
    assert cells.index([pole]).tolist() == [-1]
    assert class_of(cells, pole) == geonb.distance(cells.places, pole).argmin()
