"""The embedded model: what it was measured at holds on photos drawn anew."""

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from geonb import load_model, predict
from geonb.distances import distance
from geonb_lab import check_promise, true_classes
from geonb_lab.evaluation.scores import THRESHOLDS_KM
from geonb_training.scenes import draw, held_out
from geonb_training.scenes.sets import example_shot

FOLDER = resources.files("geonb") / "data" / "mini"


@pytest.fixture(scope="module")
def facts():
    return json.loads((FOLDER / "facts.json").read_text())


@pytest.fixture(scope="module")
def model():
    return load_model("mini")


@pytest.fixture(scope="module")
def answers(model):
    """What mini says of 300 held-out scenes that neither training nor facts.json saw, and truth."""
    scenes = list(held_out(300))
    table = model.probabilities([scene.image for scene in scenes])
    return table, np.array([scene.place for scene in scenes])


@pytest.fixture(scope="module")
def errors_km(model, answers):
    table, truth = answers
    return distance(model.cells.places[table.argmax(axis=1)], truth)


def shares(facts, system):
    """What the facts say of a system: pairs of kilometres and the share within them."""
    row = next(row for row in facts["accuracy"] if row["system"] == system)
    return [(km, row[f"within_{km:g}_km"] / 100) for km in THRESHOLDS_KM]


def test_held_out_accuracy_is_what_the_facts_say(facts, errors_km):
    for km, share in shares(facts, "mini, first guess"):
        # Four standard errors of a share of 300, and no less than one photo.
        slack = max(4 * np.sqrt(share * (1 - share) / len(errors_km)), 1 / len(errors_km))
        assert np.mean(errors_km <= km) == pytest.approx(share, abs=slack)


def test_held_out_accuracy_is_well_above_the_constant_guess(facts, errors_km):
    for km, share in shares(facts, "constant guess"):
        assert np.mean(errors_km <= km) > share + 0.15


def test_it_is_not_always_right_nor_always_sure(model, errors_km):
    assert np.mean(errors_km > 200) > 0.02
    sure = model.probabilities([scene.image for scene in held_out(60)]).max(axis=1)
    assert np.mean(sure < 0.5) > 0.05


def test_its_regions_keep_their_promise(model, answers):
    """Nine times in ten, for photographers never seen; and no longer when the photos change."""
    table, truth = answers
    promise = model.promise
    assert promise.coverage == 0.9
    classes = true_classes(model.cells, truth)
    assert check_promise(promise, table, classes).measured == pytest.approx(0.9, abs=0.07)
    turned = [scene.image.rotate(180) for scene in held_out(60)]
    assert check_promise(promise, model.probabilities(turned), classes[:60]).broken


def test_the_classes_are_the_cells(facts, model):
    assert len(model.cells) == facts["counts"]["cells"]


def test_all_files_together_are_at_most_3_megabytes():
    assert sum(len(path.read_bytes()) for path in FOLDER.iterdir()) < 3_000_000


@pytest.mark.parametrize(
    ("name", "found"),
    [("tokyo", True), ("lima", True), ("nairobi", True), ("paris", False), ("cairo", True)],
)
def test_the_examples_are_located_without_certainty_and_paris_is_not(model, name, found):
    scene = draw(example_shot(name))
    first = predict(model, scene.image)[0]
    assert (distance(first.place, scene.place) < 25) == found
    assert first.probability < 0.95


REAL = ("astronaut", "camera", "chelsea", "coffee", "coins", "grass", "motorcycle_left", "rocket")


def test_a_real_photo_is_warned_of_and_a_drawn_scene_is_not():
    """The first line says it, nothing is called probable, and no region is promised."""
    images = pytest.importorskip("skimage.data", reason="needs scikit-image's photos")
    folder = Path(images.__file__).parent
    mini = load_model("mini")
    for name in REAL:
        (path,) = (path for path in folder.glob(f"{name}.*") if path.suffix in {".png", ".jpg"})
        answer = predict(mini, path)
        text = repr(answer)
        assert text.startswith("This photo is unlike all that mini has seen"), name
        assert "robably" not in text
        assert (answer.promise, answer.answer) == (None, None)
        assert answer.to_dict()["warning"] == answer.warning
    scenes = [predict(mini, scene.image) for scene in held_out(60)]
    assert sum(bool(answer.warning) for answer in scenes) <= 2
    assert "probably" in repr(next(answer for answer in scenes if not answer.warning))
