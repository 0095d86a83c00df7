"""A street changed in one clue at a time, without a browser and without a widget."""

import subprocess
import sys

import pytest

import geonb
import geonb_lab
from geonb.errors import TrainingError
from geonb_training.scenes import example_street


@pytest.fixture(scope="module")
def mini():
    return geonb.load_model("mini")


def test_the_flips_show_each_knob_once_with_its_answer(mini):
    street = example_street()
    flips = geonb_lab.show_flips(mini, street)
    assert [flip.name.partition(":")[0] for flip in flips.flips] == ["as it was", *street.knobs]
    assert "centre line: yellow         São Paulo, Brazil 62%" in repr(flips)
    html = flips._repr_html_()
    assert html.count("<img alt='A drawn street: ") + html.count('<img alt="A drawn street: ') == 10
    assert "<b>→ São Paulo, Brazil 62%</b>" in html
    assert "<b>Tokyo" in html


def test_flips_of_ones_own_choice(mini):
    flips = geonb_lab.show_flips(mini, example_street(), [("landmark", "Tokyo Tower")])
    assert [flip.city for flip in flips.flips] == ["Tokyo", "Tokyo"]
    with pytest.raises(TrainingError, match="landmark can't be 'Moai'"):
        geonb_lab.show_flips(mini, example_street(), [("landmark", "Moai")])


def test_flips_need_no_widget():
    code = (
        "import sys; sys.modules['anywidget'] = None; import geonb_lab; print(geonb_lab.show_flips)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "show_flips" in run.stdout
