"""What is already known, and guesses that differ: by hand on a few places, and in predictions."""

import numpy as np
import pytest

import geonb
import geonb_training
from geonb.distances import haversine
from geonb.earth.within import limit
from geonb.errors import ModelError, PlaceError
from geonb.maps.pins import how_sure
from support.geoclip_files import make_points, write_onnx_form

TOKYO, OSAKA, PARIS, SUVA, TAVEUNI = (
    (35.68, 139.77), (34.69, 135.5), (48.86, 2.35), (-18.14, 178.44), (-16.8, -179.97),
)  # fmt: skip
PLACES = np.array([TOKYO, OSAKA, PARIS, SUVA, TAVEUNI])
_FOUND = geonb_training.partition(PLACES, 2, 1)
CELLS = geonb.Cells(_FOUND.ids, PLACES[np.argsort(_FOUND.index(PLACES))])


def within(known):
    """The names of the places that are left."""
    names = ["Tokyo", "Osaka", "Paris", "Suva", "Taveuni"]
    index = CELLS.index(PLACES)
    inside = limit(CELLS, known).inside
    return " ".join(name for name, i in zip(names, index, strict=True) if inside[i])


@pytest.mark.parametrize(
    ("known", "left"),
    [
        ("Japan", "Tokyo Osaka"), ("jp", "Tokyo Osaka"), ("JPN", "Tokyo Osaka"),
        (" france ", "Paris"), ("FJ", "Suva Taveuni"),
        ((*TOKYO, 100), "Tokyo"), ((*TOKYO, 500), "Tokyo Osaka"), ((TOKYO, 500), "Tokyo Osaka"),
        ((-17, 180, 250), "Suva Taveuni"),
        ((30, 130, 40, 145), "Tokyo Osaka"), ([-90, 0, 90, 10], "Paris"),
        ((-20, 178, -15, 181), "Suva Taveuni"), ((-20, 178, -15, -179), "Suva Taveuni"),
        ((-90, -180, 90, 180), "Tokyo Osaka Paris Suva Taveuni"),
        (geonb.bounds([SUVA, TAVEUNI]), "Suva Taveuni"),
    ],
)  # fmt: skip
def test_what_lies_within(known, left):
    assert within(known) == left


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ("Japn", "did you mean Japan"),
        ("", "no country ''"),
        ("Chile", r"none of the model's places lies within Chile \(by the nearest town\)"),
        ((0, 0, 5), "none of the model's places lies within 5 km around 0, 0"),
        ((0, 0, -5), r"kilometres above 0\) .*, not \(0, 0, -5\)"),
        ((0, 0, float("nan")), "kilometres above 0"),
        ((40, 130, 30, 145), r"a box \(south, west, north, east\)"),
        ((1, 2), r"not \(1, 2\)"),
        ((1, 2, 3, 4, 5), r"not \(1, 2, 3, 4, 5\)"),
        (("a", "b", "c"), "within is a country's name"),
        (7, "within is a country's name or ISO code, .*, not 7"),
    ],
)
def test_what_makes_no_region(known, words):
    with pytest.raises(ModelError, match=words):
        limit(CELLS, known)


def test_nothing_is_left_if_the_model_is_sure_of_a_place_elsewhere():
    tokyo = np.float32(CELLS.index(PLACES) == CELLS.index(PLACES)[0])[CELLS.index(PLACES)]
    with pytest.raises(
        ModelError, match=r"no place within France .* has any probability; name a la"
    ):
        limit(CELLS, "France").rescale(tokyo)


def test_a_circle_around_no_place():
    with pytest.raises(PlaceError, match="swapped"):
        limit(CELLS, (139.77, 35.68, 100))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    rng = np.random.default_rng(1)
    towns = make_points(300)
    points = towns.repeat(6, axis=0) + rng.normal(0, 0.03, (1800, 2))
    points = points.clip((-90, -180), (90, 180))
    return geonb.load_model(write_onnx_form(tmp_path_factory.mktemp("own") / "own", points=points))


def test_five_guesses_differ(model):
    photo = geonb.example_photo()
    five, raw = geonb.predict(model, photo), geonb.predict(model, photo, spread_km=0)
    places = np.array(five.places)
    apart = haversine(places[:, None], places[None])[np.triu_indices(5, 1)]
    assert apart.min() > 25
    assert five[0].place == raw[0].place
    assert five[0].probability > raw[0].probability
    probabilities = model.probabilities(photo)[0]
    near = haversine(model.cells.places, places[0]) <= 25
    assert five[0].probability == pytest.approx(float(probabilities[near].sum()), abs=1e-6)
    assert "guesses closer than 25 km are merged" in repr(five)
    assert "merged" not in repr(raw)
    assert five.to_dict()["spread_km"] == 25


def test_within_a_country(model):
    photo = geonb.example_photo()
    found = geonb.predict(model, photo, top=10_000, within="US", spread_km=0)
    assert {p.town.country for p in found} == {"United States"}
    assert sum(p.probability for p in found) == pytest.approx(1, abs=1e-5)
    assert "only within United States (by the nearest town)" in repr(found)
    whole = geonb.predict(model, photo, top=10_000, spread_km=0)
    order = [p.token for p in whole if p.town.country == "United States"]
    assert [p.token for p in found] == order
    assert found.answer.place == found[0].place


def test_every_model_knows_what_lies_within():
    mini = geonb.load_model("mini")
    found = geonb.predict(mini, geonb.example_photo(), top=100, within="Japan")
    assert {p.town.country for p in found} == {"Japan"}
    assert found.spread_km == 0


@pytest.mark.parametrize("km", [-1, float("nan")])
def test_kilometres_are_not_negative(model, km):
    with pytest.raises(ModelError, match="spread_km is kilometres, 0 or more"):
        geonb.predict(model, geonb.example_photo(), spread_km=km)


def test_every_sentence_says_what_alone_was_considered(model):
    """Otherwise an answer that was limited to a wish looks like proof."""
    photo = geonb.example_photo()
    found = geonb.predict(model, photo, within="US")
    only = "Only places within United States (by the nearest town) were considered."
    shown = geonb.show_map(found, provider="static")
    for words in (found.summary, repr(found), found.to_dict()["answer"]["sentence"], shown.alt,
                  repr(shown), how_sure(found)):  # fmt: skip
        assert words.count(only) >= 1, words
    assert "considered" not in repr(geonb.predict(model, photo))
