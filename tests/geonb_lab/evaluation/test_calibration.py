"""Reliability, calibration error and temperature, on answers whose honesty is known."""

import numpy as np
import pytest

from geonb.errors import EvaluationError
from geonb_lab.evaluation.calibration import calibrate, fit_temperature, reliability, warm
from support.probabilities import honest


def test_error_by_hand():
    result = reliability([0.95, 0.95, 0.35, 0.35], [True, False, False, False])
    assert result.error == pytest.approx((2 * 0.45 + 2 * 0.35) / 4)
    full = result.bins
    assert [(round(row.low, 1), row.photos, row.right) for row in full] == [
        (0.3, 2, 0),
        (0.9, 2, 0.5),
    ]
    assert "says 65%, and 25% of its answers are right: it is too sure by 40.0%." in repr(result)
    assert sum(row.photos for row in result.bins) == 4


def test_edges_of_the_bins():
    result = reliability([0.0, 0.1, 0.2, 1.0], [True] * 4)
    assert [row.photos for row in result.bins] == [2, 1, 1]


def test_honest_answers_have_a_small_error_and_temperature_one():
    table, classes = honest()
    right = table.argmax(axis=1) == classes
    result = reliability(table.max(axis=1), right)
    assert result.error < 0.03
    assert fit_temperature(table, classes) == pytest.approx(1.0, abs=0.06)
    inside = [row.interval[0] <= row.confidence <= row.interval[1] for row in result.bins]
    assert sum(inside) >= len(inside) - 2


@pytest.mark.parametrize("temperature", [0.3, 2.5])
def test_a_wrong_temperature_is_found_and_mended(temperature):
    table, classes = honest()
    spoilt = warm(table, temperature)
    assert fit_temperature(spoilt, classes) == pytest.approx(1 / temperature, rel=0.06)
    result = calibrate(spoilt, classes)
    assert result.after.error < 0.04 < result.before.error
    assert result.before.photos == result.after.photos == 3000  # the half that was held out
    assert result.fitted_on == 3000


def test_temperature_keeps_the_order_and_the_sum():
    table, _ = honest(50)
    for temperature in (0.1, 1.0, 30.0):
        warmed = warm(table, temperature)
        assert (warmed.argsort(axis=1) == table.argsort(axis=1)).all()
        assert warmed.sum(axis=1) == pytest.approx(1.0)
    assert warm(table, 1.0) == pytest.approx(table)
    assert np.isfinite(warm([[1.0, 0.0]], 0.05)).all()


def test_photos_outside_every_cell_are_wrong_and_not_fitted():
    table, classes = honest()
    classes[::4] = -1
    result = calibrate(table, classes)
    assert result.left_out == 1500
    assert result.fitted_on < 3000
    assert result.before.photos == 3000
    _, honest_classes = honest()
    assert result.before.error > calibrate(table, honest_classes).before.error


def test_a_temperature_at_the_limit_of_the_search_is_refused():
    """All right: the colder, the better. All wrong: the hotter, the better."""
    table, _ = honest(400)
    for classes in (table.argmax(axis=1), table.argmin(axis=1)):
        with pytest.raises(EvaluationError, match=r"no temperature from 0\.02 to 50 fits"):
            calibrate(table, classes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reliability([], []), "a probability and a right-or-wrong"),
        (lambda: reliability([0.5], [True, False]), "a probability and a right-or-wrong"),
        (lambda: reliability([50.0], [True]), "0 to 1"),
        (lambda: reliability([np.nan], [True]), "confidence: expected finite numbers"),
        *(
            (lambda bins=bins: reliability([0.5], [True], bins=bins), "bins 1 to 1,000")
            for bins in (0, 2.5, "3", None, [3], 10**30)
        ),
        (lambda: fit_temperature([[0.5, 0.5]], [2]), "classes are 0 to 1"),
        (lambda: fit_temperature([[0.5, 0.5]], [-1]), "leave other photos out"),
        (lambda: fit_temperature([0.5, 0.5], [0]), r"probabilities \(N, cells\)"),
        (lambda: calibrate([[0.5, 0.5]] * 4, [-1] * 4), r"probabilities \(N, cells\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(EvaluationError, match=message):
        call()


def test_forms(tmp_path):
    table, classes = honest(500)
    result = reliability(table.max(axis=1), table.argmax(axis=1) == classes)
    assert " answers with about 65%, 57% were right." in result.plot().alt
    axes = result.figure().axes[0]
    assert axes.get_ylabel() == "share that was right"
    assert [t.get_text() for t in axes.get_legend().get_texts()] == [
        "perfectly calibrated",
        f"calibration error {result.error:.1%}",
    ]
    assert result.to_csv().count("\n") == 1 + len(result.bins)
    result.save(tmp_path / "reliability.svg")


@pytest.mark.parametrize(
    "right", [[np.nan], ["no"], [2], [0.5], [None], [b"x"], [1j], np.ma.masked_equal([0], 0)]
)
def test_right_is_true_or_false_and_nothing_else(right):
    with pytest.raises(EvaluationError, match="right"):
        reliability([0.5], right)
    assert reliability([0.5, 0.5], [1, 0.0]).photos == 2


@pytest.mark.parametrize("temperature", [0, -1.0, np.nan, np.inf])
def test_a_temperature_is_above_0(temperature):
    with pytest.raises(EvaluationError, match="a temperature is above 0"):
        warm([[0.5, 0.5]], temperature)
