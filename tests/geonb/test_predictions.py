"""Predictions: the best cells, merged where they are close, and the distance to the truth."""

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.errors import ModelError, PlaceError
from geonb.predictions import merge
from geonb.published import TOKYO_TOWER
from support.networks import write_network


def test_they_are_the_most_probable_cells_best_first(model, photo, predictions):
    whole = model.probabilities(photo)[0]
    best = np.argsort(-whole, kind="stable")[:5]  # of equals, the first cell
    assert [p.rank for p in predictions] == [1, 2, 3, 4, 5]
    assert [p.probability for p in predictions] == pytest.approx(whole[best].tolist())
    assert [p.token for p in predictions] == [model.cells.tokens[i] for i in best]
    assert predictions.places == [tuple(model.cells.places[i]) for i in best]


def test_they_unpack_like_the_blogs_result_list(predictions):
    for i, (rank, prob, (lat, lng)) in enumerate(predictions):
        assert (rank, prob, (lat, lng)) == (
            predictions[i][0],
            predictions[i][1],
            predictions[i][2],
        )
    assert len(predictions) == 5
    assert len(predictions[:2]) == 2
    assert all(len(p) == 3 for p in predictions)


def test_top_is_as_asked(model, photo):
    assert len(geonb.predict(model, photo, top=1)) == 1
    everything = geonb.predict(model, photo, top=len(model.cells))
    assert sum(p.probability for p in everything) == pytest.approx(1, abs=1e-5)
    for more in (len(model.cells) + 1, 10**30):
        assert len(geonb.predict(model, photo, top=more)) == len(model.cells)
    for wrong in (0, -1, 2.5, float("nan"), "5", [5], b"5", 1j, None):
        with pytest.raises(ModelError, match="at least 1, not"):
            geonb.predict(model, photo, top=wrong)
    for wrong in ("5", [5], b"5", 1j, float("nan")):
        with pytest.raises(ModelError, match="spread_km is kilometres, 0 or more, not"):
            geonb.predict(model, photo, spread_km=wrong)


def test_a_model_of_three_cells_gives_three_predictions(tmp_path, photo):
    files = write_network(tmp_path, classes=3)
    assert [p.rank for p in geonb.predict(geonb.load_model(files.prefix), photo)] == [1, 2, 3]


def test_truth_adds_the_distance(model, photo):
    predictions = geonb.predict(model, photo, truth=TOKYO_TOWER)
    expected = [geonb.distance(place, TOKYO_TOWER) for place in predictions.places]
    assert predictions.distances == pytest.approx(expected)
    assert f"{expected[0]:,.1f}" in repr(predictions)
    assert f"{expected[4]:,.1f}" in predictions._repr_html_()
    assert geonb.predict(model, photo).distances is None
    with pytest.raises(PlaceError, match="swapped"):
        geonb.predict(model, photo, truth=TOKYO_TOWER[::-1])


def test_truth_comes_from_exif_and_changes_no_prediction(model, photo, tmp_path):
    exif = Image.Exif()
    exif[0x8825] = {1: "S", 2: (33.0, 51.0, 24.0), 3: "E", 4: (151.0, 12.0, 36.0)}
    photo.save(tmp_path / "with.png", exif=exif)
    photo.save(tmp_path / "without.png")
    with_place = geonb.predict(model, tmp_path / "with.png")
    without = geonb.predict(model, tmp_path / "without.png")
    assert with_place.truth == pytest.approx((-33.856667, 151.21))
    assert without.truth is None
    assert with_place.best == without.best


def test_a_network_that_answers_nan_is_named(tmp_path, photo):
    from geonb.network.mxnet_files import read_params
    from support.networks import write_params

    files = write_network(tmp_path)
    arrays = read_params(files.params)
    arrays["fc1_bias"] = np.full_like(arrays["fc1_bias"], np.nan)
    write_params(files.params, iter(arrays.items()))
    with pytest.raises(ModelError, match="tiny answers with NaN"):
        geonb.predict(geonb.load_model(files.prefix), photo)


def test_gathered_by_hand():
    """Three in Tokyo, one in Osaka: Tokyo's second is part of its first, also in probability."""
    places = np.array([(35.68, 139.77), (35.69, 139.70), (34.69, 135.5), (35.66, 139.70)])
    probabilities = np.array([0.3, 0.25, 0.29, 0.16], np.float32)
    found = list(merge(places, probabilities, 25.0))
    assert [i for i, _ in found] == [0, 2]
    assert [p for _, p in found] == pytest.approx([0.71, 0.29])
    assert [i for i, _ in merge(places, probabilities, 0)] == [0, 2, 1, 3]
