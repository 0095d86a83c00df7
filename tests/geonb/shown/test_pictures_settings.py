"""What the user has set in matplotlib: geonb works with it, or says what is in the way."""

import matplotlib as mpl
import matplotlib.style
import pytest

import geonb
from geonb.errors import PictureError
from support.places import CASES


@pytest.fixture
def settings():
    with mpl.rc_context():
        yield mpl.rcParams


def test_a_style_and_odd_settings_are_worked_with_and_stay(settings):
    matplotlib.style.use(["dark_background", "ggplot"])
    settings.update({"savefig.transparent": True, "axes.titlesize": 40, "lines.marker": "x"})
    before = dict(settings)
    assert geonb.show_map(CASES["tokyo"], provider="static").image().startswith(b"\x89PNG")
    assert dict(settings) == before


def test_latex_that_is_not_there_is_named(settings, monkeypatch):
    monkeypatch.setenv("PATH", "")
    settings["text.usetex"] = True
    with pytest.raises(PictureError, match=r"text\.usetex is on, install LaTeX, or turn it off"):
        geonb.show_map(CASES["tokyo"], provider="static").image()
    assert settings["text.usetex"] is True
