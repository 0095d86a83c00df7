"""Regions: by hand, in words, and with the promise that lies beside a model."""

import math
from pathlib import Path

import pytest
from PIL import Image

import geonb
import geonb_lab
from geonb.errors import ModelError
from geonb.predictions import Predictions
from geonb.promise import Promise
from geonb_lab.regions import in_km2
from support.networks import write_network
from support.probabilities import BELIEF, CELLS, PLACES


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


def test_an_answer_of_which_only_the_best_places_are_known_has_no_region():
    with pytest.raises(ModelError, match="only the best places are known; ask predict again"):
        geonb_lab.region(geonb.published_answer())


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


@pytest.mark.parametrize(
    ("area", "words"),
    [
        (0.44, "0.4 km²"),
        (8.44, "8.4 km²"),
        (9.6, "10 km²"),
        (1234.0, "1,200 km²"),
        (0.0, "0.0 km²"),
    ],
)
def test_areas_in_words(area, words):
    assert in_km2(area) == words
