from itertools import pairwise, product

import numpy as np
import pytest

import geonb
from geonb_lab.trips.chain import (
    IMPOSSIBLE,
    MOVEMENTS,
    Geometry,
    Moment,
    Movement,
    Transitions,
    TripError,
    forward_backward,
    viterbi,
)

MINI = geonb.load_model("mini").cells
ALL = np.arange(len(MINI))


class Steps:
    """Given steps between three places, whatever the hours."""

    def __init__(self, table):
        self.table = np.asarray(table, float)

    def between(self, a, b, hours):
        return self.table[np.ix_(a, b)]


def every_path(moments, table):
    """The probability of each path and of what was seen on it: only a tiny world allows it."""
    for path in product(*(m.classes for m in moments)):
        p = 1 / len(moments[0].classes)
        for m, place in zip(moments, path, strict=True):
            p *= m.seen[list(m.classes).index(place)]
        for a, b in pairwise(path):
            p *= table[a][b]
        yield path, p


@pytest.fixture
def world():
    rng = np.random.default_rng(1)
    table = rng.dirichlet(np.ones(3), 3)
    moments = [Moment(i, np.arange(3), rng.random(3)) for i in range(5)]
    return moments, table


def test_each_moment_is_the_sum_over_all_paths(world):
    moments, table = world
    found = forward_backward(moments, Steps(table))
    total = sum(p for _, p in every_path(moments, table))
    for i, moment in enumerate(moments):
        answer = found[i] * moment.seen
        for place in range(3):
            there = sum(p for path, p in every_path(moments, table) if path[i] == place)
            assert answer[place] / answer.sum() == pytest.approx(there / total)


def test_what_the_others_say_is_without_the_moment_itself(world):
    moments, table = world
    before = forward_backward(moments, Steps(table))[2]
    moments[2] = Moment(2, np.arange(3), np.array([1e-9, 1.0, 1e-9]))
    np.testing.assert_allclose(forward_backward(moments, Steps(table))[2], before)


def test_viterbi_finds_the_best_of_all_paths(world):
    moments, table = world
    best = max(every_path(moments, table), key=lambda pair: pair[1])[0]
    assert tuple(viterbi(moments, Steps(table))) == best


def test_moments_with_other_places_each(world):
    _, table = world
    moments = [
        Moment(0, np.array([0, 2]), np.array([0.5, 0.1])),
        Moment(1, np.array([1]), np.array([0.3])),
        Moment(2, np.array([2, 1, 0]), np.array([0.1, 0.2, 0.9])),
    ]
    total = sum(p for _, p in every_path(moments, table))
    there = sum(p for path, p in every_path(moments, table) if path[0] == 2)
    answer = forward_backward(moments, Steps(table))[0] * moments[0].seen
    assert answer[1] / answer.sum() == pytest.approx(there / total)
    assert (
        tuple(viterbi(moments, Steps(table)))
        == max(every_path(moments, table), key=lambda pair: pair[1])[0]
    )


def test_thousands_of_moments_stay_numbers():
    table = np.full((3, 3), 0.05) + 0.85 * np.eye(3)
    moments = [Moment(i, np.arange(3), np.exp([-100.0, -101, -102])) for i in range(3000)]
    others = forward_backward(moments, Steps(table))
    assert all(row.sum() == pytest.approx(1) for row in others)


def test_a_step_that_nobody_can_make_leaves_an_answer_on_both_sides():
    table = (1 - IMPOSSIBLE) * np.eye(3) + IMPOSSIBLE / 3
    seen = np.array([[1, 1e-9, 1e-9], [1e-9, 1, 1e-9]])
    moments = [Moment(i, np.arange(3), seen[i // 20]) for i in range(40)]
    others = forward_backward(moments, Steps(table))
    answers = [(row * m.seen).argmax() for row, m in zip(others, moments, strict=True)]
    assert answers == [0] * 20 + [1] * 20
    assert viterbi(moments, Steps(table)) == [0] * 20 + [1] * 20


@pytest.fixture(scope="module")
def geometry():
    return Geometry(MINI)


def test_kilometres_are_those_of_distance(geometry):
    some = ALL[:30]
    expected = [geonb.distance(MINI.places[some], MINI.place(i)) for i in some]
    np.testing.assert_allclose(geometry.km(some, some), expected, atol=1e-3)


@pytest.mark.parametrize("hours", [0.0, 1.0, 100.0, 10_000.0])
def test_a_row_adds_up_to_1_where_everything_can_be_reached(geometry, hours):
    way = Movement(speed_kmh=1e9, slack_km=30_000)
    visited = np.full(len(MINI), 1 / len(MINI))
    transitions = Transitions(way, geometry, ALL, 1e-3)
    transitions.visited = visited
    steps = transitions.between(ALL, ALL, hours)
    np.testing.assert_allclose(steps.sum(axis=1), 1.0, atol=2e-3)


def test_what_no_speed_reaches(geometry):
    far = geometry.km(ALL, ALL) - geometry.radii[:, None] - geometry.radii
    for stray in (IMPOSSIBLE, 1e-4):
        steps = Transitions(Movement(), geometry, ALL, stray).between(ALL, ALL, 2.0)
        assert (steps[far > 1810] == stray / len(MINI)).all()
    assert (far > 1810).any()


def test_the_longer_the_time_the_likelier_somebody_is_elsewhere(geometry):
    transitions = Transitions(Movement(), geometry, ALL)
    stays = [transitions.between(ALL, ALL, h).diagonal().mean() for h in (0, 1, 10, 100)]
    assert stays == sorted(stays, reverse=True)


def test_who_moved_on_comes_back_to_where_the_trip_was(geometry):
    visited = np.zeros(len(MINI))
    visited[7] = 1
    with_home = Transitions(Movement(home=0.5), geometry, ALL)
    with_home.visited = visited
    without = Transitions(Movement(home=0.5), geometry, ALL)
    assert (with_home.between(ALL[:5], ALL[7:8], 48.0) > 0.3).all()
    assert (without.between(ALL[:5], ALL[7:8], 48.0) < 0.3).all()


def test_sums_over_a_selection_are_near_those_over_all(geometry, monkeypatch):
    def leaps():
        """How probable each place is after so long a time that anybody has moved on."""
        return Transitions(MOVEMENTS["flights"], geometry, ALL).between(ALL, ALL, 1e6)

    whole = leaps()
    monkeypatch.setattr("geonb_lab.trips.chain.SAMPLE", 60)
    ratio = (whole / leaps())[:, 0]  # the same for every place that one may have moved to
    assert 0.95 < np.median(ratio) < 1.1
    assert (ratio > 0.5).all()
    assert (ratio < 2).all()
    assert (ratio != 1).any(), "a selection is summed over"


@pytest.mark.parametrize("wrong", [{"speed_kmh": 0}, {"home": 1.5}, {"dwell_h": -1}])
def test_impossible_ways_of_moving(wrong):
    with pytest.raises(TripError, match="above 0"):
        Movement(**wrong)
