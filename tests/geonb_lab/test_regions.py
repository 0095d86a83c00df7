"""Regions: by hand, and the promise on photos that are alike, too few, or others."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import geonb
import geonb_lab
from geonb.earth.cells import Belief
from geonb.earth.s2 import leaf_ids, parents
from geonb.errors import EvaluationError, ModelError, OutputError
from geonb.predictions import Predictions
from geonb.promise import Promise
from geonb_lab.evaluation.calibration import warm
from geonb_lab.evaluation.promises import Coverage, promise_from, shares_before
from support.networks import write_network
from support.probabilities import honest

PLACES = np.array([(35.68, 139.69), (48.85, 2.35), (-33.87, 151.21), (64.15, -21.94)])
CELLS = geonb.Cells(parents(leaf_ids(PLACES), 10), PLACES)
BELIEF = Belief(CELLS, np.array([0.2, 0.5, 0.05, 0.25], np.float32))


def region(share=None, promise=None):
    """The region of what is believed."""
    return geonb_lab.region(Predictions((), None, "m", "e", belief=BELIEF, promise=promise), share)


@pytest.mark.parametrize(
    ("share", "cells"),
    [(0.1, [1]), (0.5, [1]), (0.51, [1, 3]), (0.8, [1, 3, 0]), (1.0, [1, 3, 0, 2])],
)
def test_a_region_is_the_fewest_places_that_hold_the_share(share, cells):
    found = region(share)
    assert found.cells.tokens == [CELLS.tokens[i] for i in cells]
    assert found.probability == pytest.approx(BELIEF.probabilities[cells].sum())
    assert found.area_km2 == pytest.approx(CELLS.areas_km2[cells].sum())
    assert [tuple(place) in found for place in PLACES.tolist()] == [i in cells for i in range(4)]
    assert (0.0, 0.0) not in found


def test_a_place_in_no_cell_belongs_to_the_nearest_up_to_50_km():
    """A gallery of points has gaps, and so has a model where it had few photos."""
    lat, lng = PLACES[1]
    near, off = (lat + 49.9 / 111.195, lng), (lat + 50.1 / 111.195, lng)
    assert CELLS.index([near, off]).tolist() == [-1, -1]
    assert geonb_lab.true_classes(CELLS, [near, off, PLACES[2]]).tolist() == [1, -1, 2]
    assert near in region(0.5)
    assert off not in region(1.0)


def test_a_region_in_words():
    assert repr(region(0.7)).startswith("<Region: 2 places with 1")
    assert "km² hold 75% of the probability>" in repr(region(0.7))
    promised = region(promise=Promise(0.9, 0.7, 100, "streets", 4))
    assert "for 9 of 10 photos like streets, a region like this holds the true place" in repr(
        promised
    )


def test_a_region_prints_no_control_codes():
    """The name of the photos comes from a file that may be a stranger's."""
    promise = Promise(0.9, 0.7, 100, "a\x1b[2Jb\u2028\n", 4)
    for text in (repr(region(promise=promise)), str(region(promise=promise)), str(promise)):
        assert text.isprintable()


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, math.nan])
def test_shares_that_cannot_be(share):
    with pytest.raises(ModelError, match="above 0 and up to 1"):
        region(share)


def test_without_a_promise_the_share_has_to_be_named():
    with pytest.raises(ModelError, match="name a share"):
        region()


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


def test_it_is_stored_with_the_model_and_kept_by_its_predictions(tmp_path):
    files = write_network(tmp_path / "own")
    promise = Promise(0.8, 0.55, 40, "my streets", 40)
    folder = Path(files.prefix).parent
    promise.save(folder)
    model = geonb.load_model(files.prefix)
    assert model.promise == promise
    predictions = geonb.predict(model, Image.effect_noise((300, 240), 60).convert("RGB"))
    found = geonb_lab.region(predictions)
    assert found.promise == predictions.promise == promise
    assert found.probability >= 0.55
    assert predictions[0].place in found
    assert len(geonb_lab.region(predictions, 0.99).cells) >= len(found.cells)
    assert f"{found}." not in repr(predictions)
    geonb.write_page(predictions, tmp_path / "page.html", region=found)
    assert f"{found}." in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"{found}." in repr(geonb.show_map(predictions, provider="static", region=found))


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        '{"coverage": 0.9, "share": 2, "photos": 1, "test_set": "", "places": 40}',
        '{"coverage": 0.9, "share": 0.5, "photos": 0, "test_set": "", "places": 40}',
        '{"coverage": 0.9, "share": 0.5, "photos": "x", "test_set": "", "places": 40}',
        '{"coverage": 0.9, "share": 0.5, "photos": null, "test_set": "", "places": 40}',
        '{"coverage": 0.9, "share": 0.5, "photos": 9, "test_set": 7, "places": 40}',
    ],
)
def test_a_broken_promise_is_named_when_the_model_is_loaded(tmp_path, broken):
    files = write_network(tmp_path / "own")
    (Path(files.prefix).parent / "promise.json").write_text(broken)
    with pytest.raises(ModelError, match=r"promise\.json: .*remove the file"):
        geonb.load_model(files.prefix)


def test_a_promise_holds_for_its_own_places_only(tmp_path):
    """Not for another gallery in the same folder, nor for places limited to what is known."""
    files = write_network(tmp_path / "own")
    folder = Path(files.prefix).parent
    Promise(0.8, 0.55, 40, "my streets", 41).save(folder)
    model = geonb.load_model(files.prefix)
    photo = Image.effect_noise((300, 240), 60).convert("RGB")
    with pytest.raises(ModelError, match="nothing is promised"):
        geonb_lab.region(geonb.predict(model, photo))
    Promise(0.8, 0.55, 40, "my streets", 40).save(folder)
    model = geonb.load_model(files.prefix)
    limited = geonb.predict(model, photo, within=(0.0, 0.0, 15_000.0))
    with pytest.raises(ModelError, match="nothing is promised"):
        geonb_lab.region(limited)
    half = geonb_lab.region(limited, 0.5)
    assert half.promise is None
    assert repr(half).startswith(f"<Region within {limited.within}: ")


def test_a_promise_that_cannot_be_stored(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"promise\.json: cannot write it \(\w"):
        Promise(0.9, 0.9, 10, "x", 4).save(tmp_path / "file")


def test_a_promise_that_is_only_not_shown_to_be_broken_is_not_called_kept():
    """85 of 100 where 90% were promised: luck can do that, and so can a broken promise."""
    promise = Promise(0.9, 0.99, 2000, "streets", 8)
    words = {right: f"{Coverage(promise, 100, right)!r}." for right in (70, 85, 90, 95)}
    assert "The promise is broken: are the photos alike?" in words[70]
    assert "The promise is not shown to be broken." in words[85]
    assert "The promise is kept." in words[90]
    assert "The promise is kept." in words[95]


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


@pytest.mark.parametrize("coverage", [np.nan, np.inf, 0, 1, -1, "1", None, [0.5], 1j, 10**400])
def test_a_coverage_is_between_0_and_1(coverage):
    with pytest.raises(EvaluationError, match="a coverage lies between 0 and 1"):
        geonb_lab.learn_promise([[0.5, 0.5]] * 9, [0] * 9, coverage)
