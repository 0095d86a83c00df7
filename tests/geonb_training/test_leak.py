"""The leak: a small version of the lesson, and its table."""

import json

import numpy as np
import pytest

from geonb_lab.evaluation.accuracy import evaluate
from geonb_training import Leak, measure_leak
from geonb_training.fitting import Fitting


@pytest.mark.mxnet
def test_the_same_photos_are_trained_on_twice(tmp_path):
    result = measure_leak(
        tmp_path, scenes=48, people=6, t1=20, t2=1, fitting=Fitting(epochs=1, batch=8)
    )
    assert result.by_photo.scores[0].test_set == result.by_photographer.scores[0].test_set
    shared = "photographers in training and test both"
    counts = [_facts(tmp_path / f"by-{by}")["counts"] for by in ("photo", "photographer")]
    assert [c[shared] for c in counts][1] == 0
    assert counts[0][shared] >= 4
    assert counts[0]["photographers"] == counts[1]["photographers"] == 6


def _facts(folder):
    return json.loads((folder / "facts.json").read_text())


def test_the_table_shows_how_much_it_flatters(tmp_path):
    truth = np.stack([np.linspace(-50, 50, 40), np.linspace(-100, 100, 40)], axis=-1)
    half = np.where(np.arange(40)[:, None] < 20, truth, -truth)
    result = Leak(evaluate(truth, truth), evaluate(half, truth))
    assert [row["flattered_by"] for row in result.records()][:3] == [50, 50, 50]
    assert "+50.0" in repr(result)
    assert "split by photographer" in result.to_markdown()
    result.save(tmp_path / "leak.png")
    assert "100.0 and 50.0 within 1 km" in result.plot().alt
    labels = [t.get_text() for t in result.figure().axes[0].get_legend().get_texts()]
    assert labels == ["split by photo", "split by photographer"]
