"""Where else does it look like this? With GeoCLIP's real location encoder, from pip's geoclip."""

import numpy as np
import pytest

import geonb
import geonb_lab
from geonb.distances import haversine
from geonb.errors import ModelError, PlaceError
from geonb.network.geoclip import pip_folder, read_gallery
from support.geoclip_files import write_onnx_form

TOKYO_TOWER = (35.6586, 139.7454)
NAIROBI = (-1.2864, 36.8172)


@pytest.fixture(scope="module")
def near_some():
    """The real gallery's places within 60 km of these, and each hundredth: quick to embed."""
    points = read_gallery(pip_folder())
    towns = np.array([
        TOKYO_TOWER, NAIROBI, (34.69, 135.50), (38.27, 140.87), (33.59, 130.40), (25.03, 121.57),
        (43.06, 141.35), (37.57, 126.98), (0.35, 32.58),
    ])  # fmt: skip
    near = (haversine(points[:, None], towns[None]) <= 60).any(axis=1)
    near[::100] = True
    return points[near]


def towns(found):
    return [(town.city or town.name) for town in found.towns]


def test_tokyo_tower(near_some):
    """The numbers were measured with torch: FACTS of the model, not of this code."""
    found = geonb_lab.lookalikes("geoclip", TOKYO_TOWER, gallery=near_some)
    expected = {"Osaka": 0.62, "Sendai": 0.50, "Fukuoka": 0.50, "Taipei": 0.49, "Sapporo": 0.46}
    similar = dict(zip(towns(found), found.similarities, strict=True))
    for town, similarity in expected.items():
        key = next(name for name in similar if name.startswith(town))
        assert similar[key] == pytest.approx(similarity, abs=0.0051), town


def test_nairobi(near_some):
    found = geonb_lab.lookalikes("geoclip", NAIROBI, gallery=near_some)
    assert towns(found)[0] == "Kampala"
    assert found.similarities[0] == pytest.approx(0.52, abs=0.0051)


@pytest.mark.slow  # embeds all 100,000 places: half a minute, more on a busy machine
@pytest.mark.timeout(900)
def test_the_whole_gallery():
    found = geonb_lab.lookalikes("geoclip", TOKYO_TOWER)
    assert len(found.everywhere) == 94_123
    assert towns(found)[0].startswith("Osaka")
    assert found.similarities == pytest.approx((0.62, 0.50, 0.50, 0.49, 0.46, 0.45), abs=0.0051)
    assert {town.country for town in found.towns} == {"Japan", "Taiwan", "South Korea"}


def test_the_list_is_spread_over_the_world(near_some):
    found = geonb_lab.lookalikes("geoclip", TOKYO_TOWER, top=8, apart_km=1000, gallery=near_some)
    places = np.array([TOKYO_TOWER, *found.places])
    apart = haversine(places[:, None], places[None])[np.triu_indices(len(places), 1)]
    assert len(found) == 8
    assert apart.min() > 1000
    assert list(found.similarities) == sorted(found.similarities, reverse=True)


def test_how_it_is_shown(near_some, tmp_path):
    found = geonb_lab.lookalikes("geoclip", NAIROBI, top=3, gallery=near_some)
    assert "Where else does it look like Nairobi" in repr(found)
    assert "none is within 300 km" in found._repr_html_()
    assert "Kampala" in found.in_words()
    found.save(tmp_path / "map.png")
    found.save(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8").count("\n") == 4


def test_a_model_that_is_loaded(tmp_path):
    model = geonb.load_model(write_onnx_form(tmp_path / "own"))
    found = geonb_lab.lookalikes(model, NAIROBI, top=2)
    assert found.everywhere.tolist() == model.cells.places.tolist()
    by_path = geonb_lab.lookalikes(tmp_path / "own", NAIROBI, top=2)
    assert by_path.places == found.places


@pytest.mark.parametrize(
    ("model", "place", "options", "error", "words"),
    [
        ("geoclip", (139.7, 35.6), {}, PlaceError, "swapped"),
        ("geoclip", NAIROBI, {"gallery": [(0, 0), (0, 1)], "apart_km": 9e4}, ModelError, "lower"),
        ("mini", NAIROBI, {}, ModelError, "mini: no such folder; expected GeoCLIP's"),
    ],
)
def test_what_has_no_lookalikes_is_told(model, place, options, error, words):
    with pytest.raises(error, match=words):
        geonb_lab.lookalikes(model, place, **options)


def test_another_model_has_no_location_encoder():
    with pytest.raises(ModelError, match="mini has no location encoder; lookalikes needs GeoCLIP"):
        geonb_lab.lookalikes(geonb.load_model("mini"), NAIROBI)
