"""The report on a head: its table, its learning curve, and the reasons not to believe it."""

from pathlib import Path

import numpy as np
import pytest

from geonb_lab.evaluation.accuracy import evaluate
from geonb_training.head_report import CellCount, Head, doubts

TRUTH = np.stack([np.linspace(-50, 50, 100), np.linspace(-100, 100, 100)], axis=-1)
CELLS = (CellCount("a", (1.0, 2.0), 30, 3), CellCount("b", (3.0, 4.0), 20, 2))


def measured(right, name, photos=100):
    """An evaluation that has so many of its photos right, and the others far off."""
    truth = TRUTH[:photos]
    guesses = np.where(np.arange(photos)[:, None] < right, truth, -truth)
    return evaluate(guesses, truth, name=name, constant=(0.0, 0.0))


def told(cells=CELLS, people=5, own=80, backbone=20, photos=100):
    both = measured(own, "ours", photos), measured(backbone, "mini", photos)
    return doubts(cells, people, *both)


def test_a_good_head_is_not_doubted():
    assert told() == ()


FEW = CellCount("c", (0.0, 0.0), 9, 2)
ALONE = CellCount("c", (0.0, 0.0), 40, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cells": (*CELLS, FEW)}, "1 of 3 cells have fewer than 10 training photos."),
        (
            {"cells": (*CELLS, ALONE)},
            (
                "1 of 3 cells are known by one photographer only: the head may have learned the "
                "person rather than the place."
            ),
        ),
        (
            {"photos": 49, "own": 45},
            "It was tested on 49 photos only; the intervals say how little that is.",
        ),
        (
            {"people": 2},
            "With two photographers, validation used photos by the one who trained it.",
        ),
        (
            {"backbone": 79},
            "It is not better than mini itself by more than luck may explain.",
        ),
    ],
)
def test_each_reason_is_told_alone(change, words):
    assert told(**change) == (words,)


def test_a_head_that_is_worse_is_told_with_its_distances():
    worse = told(own=20, backbone=80)
    assert "It is not better than mini itself by more than luck may explain." in worse
    assert any(text.startswith("It is worse than mini itself within 1, 25, 200") for text in worse)


def test_without_a_test_nothing_is_compared():
    first, *rest = doubts(CELLS, 1, None, None)
    assert first.startswith("No accuracy is given: all photos are by one photographer")
    assert rest == []


def head(own=80, **change):
    evaluation = measured(own, "ours")
    curve = tuple(
        (count, measured(right, "ours").scores[0]) for count, right in ((25, 40), (50, own))
    )
    counts = {"photos held out for the test": 100, "photos to train on": 50, "copies": 0}
    given = {"evaluation": evaluation, "backbone": measured(20, "mini"), "curve": curve} | change
    return Head(Path("models/ours"), cells=CELLS, counts=counts, doubts=("Beware.",),
                strength=0.1, temperature=1.2, **given)  # fmt: skip


def test_the_table_has_the_head_the_model_itself_and_the_constant_guess():
    result = head()
    text = repr(result)
    systems = ["this head", "mini itself", "constant guess"]
    assert [row["system"] for row in result.records()] == systems
    assert [row["within_25_km"] for row in result.records()][:2] == [80.0, 20.0]
    assert "Per cent of 100 held-out photos within each distance" in text
    assert "Beware." in text
    assert "100 photos held out for the test, 50 photos to train on." in text
    assert "copies" not in text, "what is none is not counted"
    assert "The model is in models/ours." in text
    assert "this head" in result._repr_html_()


def test_the_learning_curve_is_drawn_and_said():
    result = head()
    assert result.plot().alt == (
        "Per cent of held-out photos within 25 km by training photos: 40 with 25, 80 with 50."
    )
    axes = result.figure().axes[0]
    (curve,) = axes.containers
    points = curve.lines[0].get_xydata().tolist()
    assert points == [[25, 40], [50, 80]]
    assert [label.get_text() for label in axes.get_legend().get_texts()] == [
        "constant guess", "this head",
    ]  # fmt: skip


def test_what_was_not_measured_is_not_drawn():
    result = head(evaluation=None, backbone=None, curve=())
    assert result.records() == []
    assert "not measured" in result.plot().alt
    assert not result.figure().axes[0].lines
