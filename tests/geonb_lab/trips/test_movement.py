import numpy as np
import pytest

import geonb
from geonb_lab.trips.movement import IMPOSSIBLE, WAYS, Ground, Movement, Transitions, TripError

MINI = geonb.load_model("mini").cells
ALL = np.arange(len(MINI))


@pytest.fixture(scope="module")
def ground():
    return Ground(MINI)


def test_kilometres_are_those_of_distance(ground):
    some = ALL[:30]
    expected = [geonb.distance(MINI.places[some], MINI.place(i)) for i in some]
    np.testing.assert_allclose(ground.km(some, some), expected, atol=1e-3)


@pytest.mark.parametrize("hours", [0.0, 1.0, 100.0, 10_000.0])
def test_a_row_adds_up_to_1_where_everything_can_be_reached(ground, hours):
    way = Movement(speed_kmh=1e9, slack_km=30_000)
    visited = np.full(len(MINI), 1 / len(MINI))
    transitions = Transitions(way, ground, ALL, 1e-3)
    transitions.visited = visited
    steps = transitions.between(ALL, ALL, hours)
    np.testing.assert_allclose(steps.sum(axis=1), 1.0, atol=2e-3)


def test_what_no_speed_reaches(ground):
    far = ground.km(ALL, ALL) - ground.radii[:, None] - ground.radii
    for stray in (IMPOSSIBLE, 1e-4):
        steps = Transitions(Movement(), ground, ALL, stray).between(ALL, ALL, 2.0)
        assert (steps[far > 1810] == stray / len(MINI)).all()
    assert (far > 1810).any()


def test_the_longer_the_time_the_likelier_somebody_is_elsewhere(ground):
    transitions = Transitions(Movement(), ground, ALL)
    stays = [transitions.between(ALL, ALL, h).diagonal().mean() for h in (0, 1, 10, 100)]
    assert stays == sorted(stays, reverse=True)


def test_who_moved_on_comes_back_to_where_the_trip_was(ground):
    visited = np.zeros(len(MINI))
    visited[7] = 1
    with_home = Transitions(Movement(home=0.5), ground, ALL)
    with_home.visited = visited
    without = Transitions(Movement(home=0.5), ground, ALL)
    assert (with_home.between(ALL[:5], ALL[7:8], 48.0) > 0.3).all()
    assert (without.between(ALL[:5], ALL[7:8], 48.0) < 0.3).all()


def test_sums_over_a_selection_are_near_those_over_all(ground, monkeypatch):
    whole = Transitions(WAYS["flights"], ground, ALL)._leap
    monkeypatch.setattr("geonb_lab.trips.movement._SAMPLE", 60)
    ratio = Transitions(WAYS["flights"], ground, ALL)._leap / whole  # of a world of 60 places
    assert 0.95 < np.median(ratio) < 1.1
    assert (ratio > 0.5).all()
    assert (ratio < 2).all()


@pytest.mark.parametrize("wrong", [{"speed_kmh": 0}, {"home": 1.5}, {"dwell_h": -1}])
def test_impossible_ways_of_moving(wrong):
    with pytest.raises(TripError, match="above 0"):
        Movement(**wrong)
