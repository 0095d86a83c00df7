"""The chain against sums over every path, which only a tiny world allows."""

from itertools import pairwise, product

import numpy as np
import pytest

from geonb_lab.trips.chain import Moment, forward_backward, viterbi
from geonb_lab.trips.movement import IMPOSSIBLE


class Steps:
    """Given steps between three places, whatever the hours."""

    def __init__(self, table):
        self.table = np.asarray(table, float)

    def between(self, a, b, hours):
        return self.table[np.ix_(a, b)]


def every_path(moments, table):
    """The probability of each path and of what was seen on it."""
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
