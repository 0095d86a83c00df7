"""Google's map as data: a view that holds the pins, and a key that is kept nowhere."""

import pytest

import geonb
from support.displayed import shown_in_a_notebook
from support.places import CASES


def draw(name, **options):
    return geonb.show_map(CASES[name], provider="google", **({"api_key": "SECRET key"} | options))


def test_the_key_goes_to_the_page_by_message_and_stays_nowhere(monkeypatch):
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "SECRET key")
    for options in ({"api_key": "SECRET key"}, {"api_key": None}):
        widget, sent = draw("tokyo", **options), []
        monkeypatch.setattr(widget, "send", sent.append)
        outputs = shown_in_a_notebook(widget)
        assert sent == [{"type": "key", "key": "SECRET key"}]
        for text in (outputs, widget, widget.get_state(), widget.picture.html):
            assert "SECRET" not in str(text)


def test_a_key_that_is_given_goes_before_the_variable(monkeypatch):
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "SECRET key")
    widget, sent = draw("tokyo", api_key=""), []
    monkeypatch.setattr(widget, "send", sent.append)
    shown_in_a_notebook(widget)
    assert sent == [{"type": "key", "key": ""}]


@pytest.mark.parametrize("name", CASES)
def test_the_view_holds_every_point_also_across_the_line_and_at_poles(name):
    widget = draw(name)
    bounds = widget.view["bounds"] or {}
    assert bool(bounds) == (name != "one"), "a lone place has no size: its zoom counts"
    for point in widget.points if bounds else ():
        assert bounds["south"] <= point["lat"] <= bounds["north"]
        width = (bounds["east"] - bounds["west"]) % 360  # as Google reads it
        assert (point["lng"] - bounds["west"]) % 360 <= width + 1e-9
    assert all(-180 <= bounds[side] <= 180 for side in ("west", "east") if bounds)
    assert max(abs(point["lat"]) for point in widget.points) <= 85, "where Mercator ends"


def test_the_answer_is_a_view_of_its_own_where_others_are_far():
    assert draw("tokyo").view["answer"] is None
    view = draw("fiji").view
    assert view["answer"]["south"] == view["bounds"]["south"]
    assert view["answer"]["north"] < view["bounds"]["north"]  # without Samoa


def test_a_style_is_named_and_none_is_left_to_the_page():
    assert draw("one", map_id="a-style").map_id == "a-style"
    assert draw("one").map_id == ""
