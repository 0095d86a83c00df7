"""Kilometres summed up: thresholds, intervals, published rows, and what is no probability."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import geonb_lab
from geonb.errors import EvaluationError
from geonb.promise import Promise
from geonb_lab.evaluation.accuracy import evaluate
from geonb_lab.evaluation.scores import PUBLISHED, THRESHOLDS_KM, wilson
from support.places import east_of_null


@pytest.mark.parametrize("limit", THRESHOLDS_KM)
def test_within_is_less_or_equal_on_a_sphere_of_6371_km(limit):
    just, beyond = east_of_null(limit * (1 - 1e-9), limit * (1 + 1e-6))
    shares = [evaluate([place], [(0.0, 0.0)]).scores[0].shares for place in (just, beyond)]
    index = THRESHOLDS_KM.index(limit)
    assert [share[index] for share in shares] == [100.0, 0.0]


def test_a_distance_of_exactly_the_threshold_counts(monkeypatch):
    monkeypatch.setattr(
        "geonb_lab.evaluation.scores.haversine", lambda _, b: np.full(len(b), 25.0)[:, None]
    )
    assert evaluate([(0, 0)], [(0, 0)]).scores[0].shares == (0.0, 100.0, 100.0, 100.0, 100.0)


def test_intervals_as_in_the_textbook():
    # Newcombe, Statistics in Medicine 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29
    for right, photos, low, high in (
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
    ):  # fmt: skip
        assert wilson(right / photos, photos) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_an_interval_holds_its_share(photos, share):
    low, high = wilson(share, photos)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


def test_published_rows_say_where_they_were_printed():
    rows = {(row.system, row.test_set): row for row in PUBLISHED}
    assert rows["LocationNet", "IM2GPS"].shares == (16.8, 39.2, 48.9, 67.9, 82.2)
    assert rows["LocationNet", "Placing 2016"].shares == (6.2, 13.5, 20.8, 35.6, 55.2)
    assert rows["GeoCLIP", "IM2GPS3k"].shares == (14.11, 34.47, 50.65, 69.67, 83.82)
    assert rows["GeoCLIP", "IM2GPS3k"].source == "arXiv 2309.16020"
    assert all(list(row.shares) == sorted(row.shares) for row in PUBLISHED)
    assert all(row.source for row in PUBLISHED)


def test_no_test_set_ranks_locationnet_and_geoclip():
    sets = {s: {row.test_set for row in PUBLISHED if row.system == s} for s in SYSTEMS}
    assert not set.intersection(*sets.values())
    shown = evaluate([(0, 0)], [(0, 0)], published=SYSTEMS)
    assert all(row.comparable is False for row in shown.published)
    assert "were measured on other photos than 'yours'" in repr(shown)


SYSTEMS = ("LocationNet", "GeoCLIP")


def test_an_interval_that_rounds_away_is_left_out():
    many = evaluate([(0, 0)] * 2, [(0, 0)] * 2, published=["Placing 2016"])
    assert re.search(r"\b6\.2 +13\.5 \(13\.4-13\.6\)", repr(many))


def test_published_rows_by_name():
    def names(**options):
        rows = evaluate([(0, 0)], [(0, 0)], **options).published
        return [(row.system, row.test_set) for row in rows]

    assert {s for _, s in names(test_set="IM2GPS3k")} == {"IM2GPS3k"}
    assert len(names(test_set="IM2GPS3k")) == 8
    assert names(published="geoclip") == [("GeoCLIP", "IM2GPS3k")]
    assert names(published=()) == []
    with pytest.raises(EvaluationError, match="'GeoClop'; did you mean GeoCLIP"):
        names(published=["GeoClop"])
    with pytest.raises(EvaluationError, match="there are PlaNet, IM2GPS, LocationNet"):
        names(published="?")


NO_PROBABILITIES = {
    "sum": [[0.5, 0.2]] * 9,
    "negative": [[1.5, -0.5]] * 9,
    "nan": [[np.nan, 1.0]] * 9,
    "percent": [[50, 50]] * 9,
    "text": [["0.5", "0.5"]] * 9,
    "complex": [[0.5j, 0.5]] * 9,
    "dates": np.zeros((9, 2), "M8[D]"),
    "bytes": b"0.5",
    "ragged": [[0.5, 0.5], [1.0]],
    "masked": np.ma.masked_equal([[0.0, 1.0]] * 9, 0.0),
}


@pytest.mark.parametrize("kind", NO_PROBABILITIES)
def test_numbers_that_are_no_probabilities_promise_nothing(kind):
    table = NO_PROBABILITIES[kind]
    promise = Promise(0.9, 0.99, 2000, "streets", 2)
    for call in (
        lambda: geonb_lab.learn_promise(table, [0] * 9, 0.5),
        lambda: geonb_lab.check_promise(promise, table, [0] * 9),
        lambda: geonb_lab.calibrate(table, [0] * 9),
    ):
        with pytest.raises(EvaluationError, match="probabilities"):
            call()


@pytest.mark.parametrize("classes", [[0.0] * 9, [np.nan] * 9, [-2] * 9, ["0"] * 9, [True] * 9])
def test_classes_that_are_no_whole_numbers(classes):
    with pytest.raises(EvaluationError, match=r"classes(:| are 0 to 1, and -1 for none)"):
        geonb_lab.learn_promise([[0.5, 0.5]] * 9, classes, 0.5)
