"""Paired comparison of two systems."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geonb.errors import EvaluationError
from geonb_lab.evaluation.accuracy import evaluate
from geonb_lab.evaluation.comparisons import Comparison, PairedRow, compare, paired_p

TRUTH = np.stack([np.linspace(-60, 60, 400), np.linspace(-170, 170, 400)], axis=-1)


def system(right, name):
    """An evaluation that has ``right`` (400,) photos right to the metre, and the others wrong."""
    return evaluate(np.where(right[:, None], TRUTH, -TRUTH[::-1] * 0.5), TRUTH, name=name)


@given(st.integers(0, 400), st.integers(0, 400))
def test_p_is_that_of_a_fair_coin(a, b):
    tail = sum(math.comb(a + b, k) for k in range(min(a, b) + 1))
    assert paired_p(a, b) == pytest.approx(min(1.0, 2 * tail / 2 ** (a + b)), rel=1e-9)
    assert paired_p(a, b) == paired_p(b, a)


def test_p_of_large_numbers_is_near_the_normal_law():
    z = 3_000 / math.sqrt(1_000_000)
    expected = math.erfc((z - 1 / math.sqrt(1_000_000)) / math.sqrt(2))
    assert paired_p(501_500, 498_500) == pytest.approx(expected, rel=1e-3)
    assert paired_p(700_000, 10) == 0.0


def test_a_better_system_is_told_apart():
    index = np.arange(400)
    a, b = system(index % 2 == 0, "a"), system((index % 2 == 0) & (index % 8 != 0), "b")
    result = compare(a, b)
    assert [(row.only_a, row.only_b) for row in result.rows[:2]] == [(50, 0), (50, 0)]
    assert result.rows[0].difference == pytest.approx(12.5)
    low, high = result.rows[0].interval
    assert 8 < low < 12.5 < high < 17
    assert result.rows[0].p == pytest.approx(2 * 0.5**50)
    assert "a is better within 1, 25, 200" in repr(result)
    assert "a is better" in repr(compare(b, a))
    assert compare(b, a).rows[0].difference == pytest.approx(-12.5)


def test_luck_is_not_told_apart():
    """The larger number alone says nothing: 7 against 5 of 400."""
    index = np.arange(400)
    result = compare(system(index % 60 == 1, "a"), system(index % 90 == 2, "b"))
    assert result.rows[0].a > result.rows[0].b
    assert not any(row.differs for row in result.rows[:2])
    assert "1, 25" in repr(result)
    assert "can't tell them apart" in repr(result)
    assert compare(system(index < 9, "a"), system(index < 9, "b")).rows[0].p == 1.0


@pytest.mark.parametrize(("p", "differs"), [(0.0099, True), (0.0101, False)])
def test_five_tests_at_once_ask_for_a_fifth_of_5_percent(p, differs):
    row = PairedRow(25.0, 50.0, 40.0, 30, 20, 10.0, (1.0, 19.0), p)
    assert row.differs == differs
    comparison = Comparison("a", "b", 100, (row,) * 5)
    assert "A p below 0.01 counts" in repr(comparison)
    assert ("a is better" in repr(comparison)) == differs


def test_a_photo_without_prediction_counts_as_wrong():
    guesses = TRUTH.copy()
    guesses[:40] = np.nan
    rows = compare(evaluate(TRUTH, TRUTH), evaluate(guesses, TRUTH)).rows
    assert {(row.only_a, row.only_b) for row in rows} == {(40, 0)}


def test_other_photos_do_not_compare():
    with pytest.raises(EvaluationError, match="different photos"):
        compare(evaluate(TRUTH, TRUTH), evaluate(TRUTH[::-1], TRUTH[::-1]))
    with pytest.raises(EvaluationError, match="different photos"):
        compare(evaluate(TRUTH, TRUTH), evaluate(TRUTH[:9], TRUTH[:9]))


def test_forms():
    result = compare(system(TRUTH[:, 0] > 0, "a<b"), system(TRUTH[:, 0] > 10, "b"))
    assert "a&lt;b" in result._repr_html_()
    assert "+8.2  +5.5 to" in repr(result)
