"""What five points do not say: how sure the answer is, and the cell of the truth."""

import dataclasses
import json

import numpy as np
import pytest

import geonb
from geonb.answers import Answer, answer, truth_cell
from geonb.earth.s2 import leaf_ids
from support.pictures import PLACE, encoded, exif

# Tokyo, Yokohama (27 km off), Osaka (400 km), Sydney.
PLACES = np.array([(35.68, 139.69), (35.44, 139.64), (34.69, 135.50), (-33.87, 151.21)])
CELLS = geonb.Cells(leaf_ids(PLACES), PLACES)


def probabilities(*values):
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("values", "shares", "radius"),
    [
        ((0.6, 0.2, 0.1, 0.1), (0.6, 0.8, 0.9), 25),
        ((0.4, 0.2, 0.1, 0.3), (0.4, 0.6, 0.7), 200),
        ((0.3, 0.1, 0.2, 0.1), (0.3, 0.4, 0.6), 750),
        ((0.3, 0.05, 0.05, 0.2), (0.3, 0.35, 0.4), None),
    ],
)
def test_shares_of_the_probability_around_the_best_place(values, shares, radius):
    result = answer(CELLS, probabilities(*values))
    assert result.place == tuple(PLACES[0])
    assert result.shares == pytest.approx(shares)
    assert (result.radius_km, result.sure) == (radius, radius is not None)


def test_the_sentence_says_how_sure():
    sure = Answer((35.68, 139.69), (0.4, 0.6, 0.7), 110.0)
    assert str(sure) == (
        f"Best guess: {sure.town}, probably within 200 km. "
        "40% of the probability lies within 25 km, 60% within 200 km, 70% within 750 km."
    )
    unsure = str(Answer((35.68, 139.69), (0.1, 0.2, 0.499), 800.0))
    assert unsure.startswith("Not sure. Best guess: ")
    assert "Only 10% of the probability lies within 25 km" in unsure


def test_the_right_cell_and_its_rank():
    right = truth_cell(CELLS, probabilities(0.1, 0.4, 0.2, 0.3), tuple(PLACES[2]))
    assert (right.rank, right.token) == (3, CELLS.tokens[2])
    assert right.probability == pytest.approx(0.2)
    assert "rank 3 of 4" in str(right)
    ties = [truth_cell(CELLS, probabilities(0.2, 0.4, 0.2, 0.2), tuple(p)).rank for p in PLACES]
    assert ties == [2, 1, 3, 4], "equals keep the order of the cells, as predictions do"


def test_a_truth_outside_all_cells():
    nowhere = truth_cell(CELLS, probabilities(0.1, 0.4, 0.2, 0.3), (0.0, -30.0))
    assert (nowhere.rank, nowhere.token) == (None, "")
    assert str(nowhere) == "None of the model's cells holds the true place."


@pytest.fixture(scope="module")
def model():
    return geonb.load_model("mini")


@pytest.fixture(scope="module")
def predictions(model):
    return geonb.predict(model, encoded(geonb.example_photo().image(), "JPEG", exif=exif()))


def test_predictions_carry_both(model, predictions):
    assert predictions.truth == pytest.approx(PLACE, abs=1e-4)
    everything = geonb.predict(model, predictions.photo, top=len(model.cells))
    index = int(model.cells.index([PLACE])[0])
    if index >= 0:
        by_rank = next(p for p in everything if p.token == predictions.truth_cell.token)
        assert predictions.truth_cell.rank == by_rank.rank
        assert predictions.truth_cell.token == model.cells.tokens[index]
    best = everything[0].place
    near = [p.probability for p in everything if geonb.distance(p.place, best) <= 750]
    assert predictions.answer.shares[2] == pytest.approx(sum(near), abs=1e-5)


def test_the_place_in_the_photo_changes_no_prediction(model, predictions):
    without = geonb.predict(model, encoded(geonb.example_photo().image(), "JPEG"))
    assert without.best == predictions.best
    assert (without.truth, without.truth_cell) == (None, None)
    assert without.summary == str(without.answer)


def test_every_form_says_it(predictions):
    page, text = predictions._repr_html_(), repr(predictions)
    data = json.loads(json.dumps(predictions.to_dict()))
    assert predictions.summary in text
    assert str(predictions.answer).split(". ")[-1] in page
    assert data["answer"]["sentence"] == str(predictions.answer)
    for p, row in zip(predictions, data["predictions"], strict=True):
        assert str(p.town) in text
        assert row["place"] == dataclasses.asdict(p.town)
    assert "data:image" not in page, "the photo is not saved with the notebook"


def test_another_truth_has_its_own_cell(model, predictions):
    other = dataclasses.replace(predictions, given_truth=model.cells.place(7))
    assert other.truth_cell.token == model.cells.tokens[7]
    assert other.truth_cell.token in str(other.truth_cell)
    assert other.truth_cell.token not in repr(other), "digits are for those who ask"
    nowhere = dataclasses.replace(predictions, given_truth=(-80.0, 2.0))
    assert str(nowhere.truth_cell) == "None of the model's cells holds the true place."
