"""The street laboratory without a browser; test_street_browser.py turns its knobs in JupyterLab."""

import pytest

import geonb
import geonb_lab
from geonb_training.scenes import example_street


@pytest.fixture(scope="module")
def mini():
    return geonb.load_model("mini")


@pytest.fixture
def lab(mini, monkeypatch):
    lab = geonb_lab.StreetLab(mini, example_street())
    sent = []
    monkeypatch.setattr(type(lab), "send", lambda _, *message: sent.append(message))
    lab.sent = sent
    return lab


def test_a_yellow_line_moves_tokyo_to_brazil_and_another_script_does_not(lab):
    assert "Tokyo" in repr(lab)
    assert lab.predictions[0].town.city == "Tokyo"
    assert lab.turn("writing", "Arabic")[0].town.city == "Tokyo"
    assert lab.turn("centre line", "yellow")[0].town.name == "São Paulo"
    assert lab.street.settings["writing"] == "Arabic", "earlier turns stay"


def test_what_the_browser_asks_is_answered_with_its_number(lab):
    lab.receive(lab, {"type": "turn", "knob": "climate", "choice": "cold", "asked": 7}, [])
    assert lab.get_state()["_seen"]["asked"] == 7
    assert lab.get_state()["_seen"]["answer"][0]["city"] == "Sapporo"
    assert lab.get_state()["_seen"]["settings"]["climate"] == "cold"
    assert lab.get_state()["_picture"].startswith(b"\xff\xd8")
    lab.receive(lab, {"type": "reset", "asked": 8}, [])
    assert lab.get_state()["_seen"]["settings"] == example_street().settings


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"knob": "moon", "choice": "full"}, "no knob 'moon'; there are side of the road, "),
        ({"knob": "climate"}, "climate can't be 'None'; there are mild, cold"),
    ],
)
def test_a_knob_or_choice_that_is_not_there_is_refused_in_one_line(lab, message, words):
    before = lab.street
    lab.receive(lab, {"type": "turn", **message}, [])
    ((answer,),) = lab.sent
    assert answer["type"] == "refused"
    assert words in answer["text"]
    assert lab.street is before
