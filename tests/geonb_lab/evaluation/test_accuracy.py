"""Evaluation: the numbers, what counts as wrong, the notes, the published rows, the forms."""

import math

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from geonb.distances import distance
from geonb.errors import EvaluationError, PlaceError
from geonb.photos.photo import Photo
from geonb.predictions import Prediction, Predictions
from geonb_lab.evaluation.accuracy import evaluate
from geonb_lab.evaluation.guesses import most_frequent
from geonb_lab.evaluation.scores import IM2GPS, Score
from geonb_training.partitions import partition
from support.places import east_of_null


def predictions(*places, truth=None):
    best = tuple(Prediction(i, 0.1, place, "x") for i, place in enumerate(places, start=1))
    return Predictions(best, Photo("photo", Image.new("RGB", (8, 8))), "m", "e", given_truth=truth)


def test_shares_median_and_score():
    km = (0.5, 20.0, 100.0, 700.0, 2000.0, 9000.0, None, 24.0)
    result = evaluate(east_of_null(*km), np.zeros((8, 2)))
    assert result.scores[0].shares == pytest.approx([12.5, 37.5, 50.0, 62.5, 75.0])
    assert result.scores[0].median_km == pytest.approx(400.0)
    known = [k for k in km if k is not None]
    score = sum(5000 * math.exp(-k / 1492.7) for k in known) / 8
    assert result.scores[0].osv5m == pytest.approx(score)
    assert result.without_prediction == 1
    assert "1 of 8 photos have no prediction; they count as wrong." in repr(result)


def test_best_of_five_takes_the_nearest_of_the_first_five():
    guesses = np.array([[*east_of_null(3000, 300, None, 30, 3, 0)], [*east_of_null(*[None] * 6)]])
    result = evaluate(guesses, np.zeros((2, 2)))
    first, best, constant = result.scores
    assert best.system == "yours, best of 5"
    assert first.shares == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert best.shares == (0.0, 50.0, 50.0, 50.0, 50.0)
    assert constant.system == "constant guess"
    assert "no user can do that" in repr(result)
    assert math.isinf(best.median_km)
    assert "none" in repr(result)


def test_predictions_as_predict_gives_them():
    truth = (35.66, 139.73)
    given_ = [predictions((35.0, 139.0), truth, truth=truth), None, predictions(truth)]
    by_own = evaluate(given_)
    assert by_own.scores[0].photos == 1  # two do not know their place
    assert by_own.without_truth == 2
    assert "2 photos without a true place are left out." in repr(by_own)
    asked = evaluate(given_, [truth, truth, None])
    assert (asked.without_prediction, asked.without_truth) == (1, 1)
    assert asked.km[0] == pytest.approx(distance((35.0, 139.0), truth))
    assert asked.scores[1].shares[0] == 50.0
    assert evaluate(given_[0]).scores[1].shares[0] == 100.0


@pytest.mark.parametrize(
    ("guesses", "truth", "message"),
    [
        ([(0, 0)], [(0, 0), (1, 1)], "1 predictions and a truth of shape"),
        ([(0, 0)], None, "need truth="),
        ([(0, 0)], [None], "no photo has a true place"),
        ([(0, 0, 0)], [(0, 0)], r"predictions: expected \(latitude, longitude\), got shape"),
        ([], [], "expected"),
        (["here"], [(0, 0)], "predictions: expected"),
        (np.empty((0, 2)), np.empty((0, 2)), "with photos in it"),
    ],
)
def test_what_does_not_fit(guesses, truth, message):
    with pytest.raises(EvaluationError, match=message):
        evaluate(guesses, truth)


def test_places_that_are_none():
    with pytest.raises(PlaceError, match=r"predictions: .*swapped"):
        evaluate([(139.7, 35.6)], [(35.6, 139.7)])
    with pytest.raises(PlaceError, match=r"truth: .*swapped"):
        evaluate([(35.6, 139.7)], [(139.7, 35.6)])
    with pytest.raises(PlaceError, match="nan"):
        evaluate([(35.6, np.nan)], [(35.6, 139.7)])


def test_constant_guess_is_the_most_frequent_cell():
    rng = np.random.default_rng(0)
    paris, lima = (48.85, 2.35), (-12.05, -77.05)
    truth = np.concatenate([rng.normal(paris, 0.01, (30, 2)), rng.normal(lima, 0.01, (10, 2))])
    assert distance(most_frequent(truth), paris) < 10
    result = evaluate(np.full((40, 2), 0.0), truth)
    constant = result.scores[-1]
    assert constant.shares[2:] == (75.0, 75.0, 75.0)
    assert "their own most frequent place" in repr(result)
    cells = partition(truth, 20, 5)
    place = most_frequent(truth[30:], cells)
    assert place == tuple(cells.places[cells.index([lima])[0]])
    trained = evaluate(np.full((40, 2), 0.0), truth, constant=place)
    assert trained.scores[-1].shares[2] == 25.0
    assert "the given one" in repr(trained)
    with pytest.raises(EvaluationError, match="none of the places lies in a cell"):
        most_frequent([(0.0, 0.0)], cells)


def test_constant_is_under_every_table():
    result = evaluate([(0, 0)], [(0, 0)])
    for form in (repr(result), result._repr_html_(), result.to_markdown(), result.to_csv()):
        assert "constant guess" in form


SYSTEMS = ("LocationNet", "GeoCLIP")


def test_published_rows_of_other_photos_come_with_a_warning():
    mine = evaluate([(0, 0)], [(0, 0)], test_set="my <holiday>")
    assert "LocationNet" in repr(mine)
    assert "Published in: J. Choi and K. Li" in repr(mine)
    assert "IM2GPS, PlaNet's Flickr, Placing 2016 were measured on other photos" in repr(mine)
    assert "my &lt;holiday&gt;" in mine._repr_html_()
    part = evaluate([(0, 0)] * 200, [(0, 0)] * 200, test_set=IM2GPS)
    assert "were measured on 237 photos, yours on 200" in repr(part)
    whole = evaluate([(0, 0)] * 237, [(0, 0)] * 237, test_set=IM2GPS)
    assert "Warning" not in repr(whole)
    assert "39.2 (33-46)" in repr(whole)  # LocationNet's, within 25 km
    assert "39.2 <small>33-46</small>" in whole._repr_html_()


def test_published_rows_are_grouped_by_test_set_and_marked():
    shown = evaluate([(0, 0)], [(0, 0)], test_set=IM2GPS, published=[*SYSTEMS, "im2gps"])
    sets = [row.test_set for row in shown.published]
    assert list(dict.fromkeys(sets)) == sorted(set(sets), key=sets.index)
    assert sets == [IM2GPS] * 4 + ["Placing 2016", "IM2GPS3k"]
    assert [row.comparable for row in shown.published] == [s == IM2GPS for s in sets]
    assert "\n* LocationNet " in repr(shown)
    assert "\nLocationNet  " in repr(shown)
    assert "Rows with * are on your own test set" in repr(shown)
    records = shown.records()
    assert [r["comparable"] for r in records] == [None] * 2 + [True] * 4 + [False] * 2


def test_plot_shows_accuracy_over_distance():
    result = evaluate(east_of_null(0.5, 100.0, None, None), np.zeros((4, 2)))
    axes = result.figure().axes[0]
    x, y = axes.lines[0].get_data()
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel().endswith("(km)")
    assert [np.interp(km, x, y) for km in (0.5, 10_000)] == [25.0, 50.0]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"yours, first guess", "constant guess", "PlaNet, IM2GPS"} <= set(labels)


def test_every_published_row_is_in_the_plot():
    rows = [Score(f"net {i}", "set", 100, (1.0, 2.0, 3.0, 4.0, 5.0), "") for i in range(7)]
    axes = evaluate([(0, 0)], [(0, 0)], published=rows).figure().axes[0]
    marks = {line.get_label(): (line.get_color(), line.get_marker()) for line in axes.lines}
    assert len({marks[f"net {i}, set"] for i in range(7)}) == 7


def test_the_plot_has_words():
    plot = evaluate([(0, 0)], [(0, 0)], name="mine & yours").plot()
    html = plot._repr_html_()
    assert "mine &amp; yours, first guess: 100.0%, 100.0%, 100.0%, 100.0%, 100.0%." in html
    assert "constant guess: " in repr(plot)
    assert plot.image("png").startswith(b"\x89PNG")


def test_masked_predictions_count_as_wrong():
    """A mask says that there is no number; below it stood the truth."""
    truth = np.array([[10.0, 20.0]] * 4)
    masked = np.ma.array(truth, mask=[[True, True]] * 3 + [[False, False]])
    result = evaluate(masked, truth)
    assert (result.without_prediction, result.scores[0].shares[0]) == (3, 25.0)
    assert evaluate(truth, masked).without_truth == 3


def test_a_data_frame_goes_by_its_names():
    frame = pd.DataFrame({"lng": [139.73], "lat": [35.66]})
    assert evaluate(frame, frame).scores[0].shares[0] == 100.0
    assert evaluate([(35.66, 139.73)], frame).scores[0].shares[0] == 100.0


@pytest.mark.parametrize(
    "places", [np.zeros((2, 2), "M8[Y]"), [[1j, 2]] * 2, [b"ab"] * 2, [["a", "b"]] * 2, "text", 3]
)
def test_places_that_are_no_numbers_are_one_line(places):
    for arguments in ((places, np.zeros((2, 2))), (np.zeros((2, 2)), places)):
        with pytest.raises(EvaluationError, match=r"expected \(latitude, longitude\)"):
            evaluate(*arguments)
