"""The promise of regions: on photos that are alike, too few, or others."""

import math

import numpy as np
import pytest

import geonb_lab
from geonb.errors import EvaluationError
from geonb.promise import Promise
from geonb_lab.evaluation.calibration import warm
from geonb_lab.evaluation.promises import Coverage, promise_from, shares_before
from support.probabilities import BELIEF, CELLS, honest


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_promise_holds_however_wrong_the_probabilities(temperature):
    """A model that is far too sure, or too modest, only needs another share."""
    table, classes = honest()
    table = warm(table, temperature)
    promise = geonb_lab.learn_promise(table[:3000], classes[:3000])
    coverage = geonb_lab.check_promise(promise, table[3000:], classes[3000:])
    assert coverage.measured == pytest.approx(0.9, abs=0.025)
    assert not coverage.broken
    if temperature == 0.4:  # what the model says itself is no promise
        assert (shares_before(table, classes) < 0.9).mean() < 0.85


def test_the_promise_holds_on_average_after_few_photos():
    """Nineteen photos: by theory nine in ten, exactly, over many such tries."""
    table, classes = honest(4000)
    before, rng = shares_before(table, classes), np.random.default_rng(1)
    held = []
    for _ in range(2000):
        some = rng.choice(before, 20, replace=False)
        held.append(some[0] < promise_from(some[1:], 0.9, "few", 8).share)
    assert np.mean(held) == pytest.approx(0.9, abs=0.02)


def test_the_promise_breaks_when_the_photos_change():
    table, classes = honest()
    promise = geonb_lab.learn_promise(table[:3000], classes[:3000], test_set="streets")
    other = geonb_lab.check_promise(promise, table[3000:], np.roll(classes, 7)[3000:])
    assert other.broken
    assert "broken: are the photos alike?" in repr(other)
    same = geonb_lab.check_promise(promise, table[3000:], classes[3000:])
    assert "broken: are" not in repr(same)
    assert "of 90% of photos (89-91% after 3,000 photos of streets)" in repr(same)


@pytest.mark.parametrize("photos", [50, 100, 1000])
def test_what_is_usual_is_the_spread_of_such_promises(photos):
    """The share that a promise learned on N photos keeps follows a beta distribution."""
    rank = math.ceil((photos + 1) * 0.9)
    draws = np.random.default_rng(0).beta(rank, photos + 1 - rank, 200_000)
    usual = Coverage(Promise(0.9, 0.99, photos, "", 8), 10, 9).usual
    assert usual == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.03)


def test_photos_in_no_cell_are_in_no_region():
    table, classes = honest(200)
    classes[:15] = -1
    promise = geonb_lab.learn_promise(table, classes)
    assert geonb_lab.check_promise(promise, table, classes).contained <= 185
    classes[:30] = -1
    with pytest.raises(EvaluationError, match=r"15% of the photos are far from all .* of 90%"):
        geonb_lab.learn_promise(table, classes)


def test_areas_are_measured_where_the_cells_are_known():
    table = np.tile(BELIEF.probabilities, (3, 1))
    coverage = geonb_lab.check_promise(Promise(0.9, 0.6, 50, "x", 4), table, [1, 3, 2], CELLS)
    assert coverage.contained == 2
    assert coverage.median_km2 == pytest.approx(CELLS.areas_km2[[1, 3]].sum())
    assert "half of them are below " in repr(coverage)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: geonb_lab.learn_promise([[0.5, 0.5]] * 5, [0] * 5),
            "5 photos can't .* at least 9",
        ),
        (lambda: geonb_lab.learn_promise([[0.5, 0.5]] * 9, [0] * 9, 1.0), "between 0 and 1"),
        (lambda: geonb_lab.learn_promise([[0.5, 0.5]] * 9, [0] * 8), r"\(N, cells\) and classes"),
        (lambda: geonb_lab.learn_promise([[0.5, 0.5]] * 9, [2] * 9), "classes are 0 to 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(EvaluationError, match=message):
        call()


def test_a_promise_that_is_only_not_shown_to_be_broken_is_not_called_kept():
    """85 of 100 where 90% were promised: luck can do that, and so can a broken promise."""
    promise = Promise(0.9, 0.99, 2000, "streets", 8)
    words = {right: f"{Coverage(promise, 100, right)!r}." for right in (70, 85, 90, 95)}
    assert "The promise is broken: are the photos alike?" in words[70]
    assert "The promise is not shown to be broken." in words[85]
    assert "The promise is kept." in words[90]
    assert "The promise is kept." in words[95]


@pytest.mark.parametrize("coverage", [np.nan, np.inf, 0, 1, -1, "1", None, [0.5], 1j, 10**400])
def test_a_coverage_is_between_0_and_1(coverage):
    with pytest.raises(EvaluationError, match="a coverage lies between 0 and 1"):
        geonb_lab.learn_promise([[0.5, 0.5]] * 9, [0] * 9, coverage)
