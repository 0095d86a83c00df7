"""The softmax layer that a head is."""

import numpy as np
import pytest

from geonb_training.softmax import STRENGTHS, cross_entropy, fit_softmax, probabilities


def test_the_softmax_is_at_the_minimum_that_its_slope_says():
    """The slope by differences, away from and at the minimum."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)

    def loss(table):
        p = probabilities(x, table)
        return -np.log(p[np.arange(60), y]).mean() + 0.05 * np.square(table[:-1]).sum()

    table = fit_softmax(x, y, 3, 0.1)
    for i in range(5):
        for k in range(3):
            step = np.zeros((5, 3))
            step[i, k] = 1e-5
            assert abs(loss(table + step) - loss(table - step)) / 2e-5 < 1e-3
    assert loss(table) < loss(np.zeros((5, 3)))


def test_the_penalty_holds_the_weights_back_and_not_the_bias():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(80, 3)), np.repeat([0, 0, 0, 1], 20)
    sizes = [np.abs(fit_softmax(x, y, 2, strength)[:-1]).sum() for strength in STRENGTHS]
    assert sizes == sorted(sizes), "from the one that trusts the photos least"
    held = fit_softmax(x, y, 2, 1e3)
    assert probabilities(x, held).mean(axis=0) == pytest.approx([0.75, 0.25], abs=0.01)


def test_probabilities_add_up_however_large_the_features():
    found = probabilities(np.array([[1e4], [-1e4], [0.0]]), np.array([[1.0, -1.0], [0.5, 0.5]]))
    assert found.tolist() == [[1, 0], [0, 1], [0.5, 0.5]]


def test_cross_entropy_is_in_nats_and_never_infinite():
    table = np.array([[0.5, 0.5], [0.25, 0.75]])
    assert cross_entropy(table, np.array([0, 1])) == pytest.approx(-np.log(0.5 * 0.75) / 2)
    assert 60 < cross_entropy(np.array([[1.0, 0.0]]), np.array([1])) < np.inf
