"""Google's map in JupyterLab: what it says where it cannot be drawn."""

import pytest

from support.jupyter_server import TEST_KEY
from support.live_maps import SETUP, cells

pytestmark = pytest.mark.newest


def test_google_says_what_is_wrong(open_notebook):
    tab = open_notebook([
        SETUP,
        "geonb.show_map(CASES['tokyo'], provider='google', api_key='')",
        "geonb.show_map(CASES['tokyo'], provider='google', api_key=key, map_id='a-style')",
        "geonb.show_map(CASES['tokyo'], provider='google', api_key='another key')",
    ], size=(1100, 3000))  # fmt: skip
    tab.run()
    _check_message(tab, 1, "No Google Maps API key. Set GOOGLE_MAPS_API_KEY")
    tab.output(2).locator(".fake-marker").nth(5).wait_for()
    _check_message(tab, 3, "with another key, and can load it only once. Save, and reload")
    calls = tab.page.evaluate("window.fakeGoogleMaps")
    assert [name for name, _ in calls].count("AdvancedMarkerElement") == 6
    assert [details["mapId"] for name, details in calls if name == "Map"] == ["a-style"]
    assert [name for name, _ in calls].count("script") == 1
    tab.screenshot("google-lab-no-key-and-another-key")


def _calls(tab, name):
    return [d for n, d in tab.page.evaluate("window.fakeGoogleMaps") if n == name]


def test_nothing_deprecated_is_asked_of_google(open_notebook):
    """Advanced markers by default, through Google's own map ID; a click opens their words."""
    tab = open_notebook(cells("google", ["world"]))
    tab.run()
    output = tab.output()
    output.locator(".fake-marker").nth(5).wait_for()
    assert [details["mapId"] for details in _calls(tab, "Map")] == ["DEMO_MAP_ID"]
    assert len(_calls(tab, "AdvancedMarkerElement")) == 6
    output.locator(".fake-marker", has_text="2").click()
    output.locator(".fake-info", has_text="London").wait_for()
    output.get_by_role("button", name="Answer").click()
    output.get_by_role("button", name="All pins").click()
    whole, answer, again = _calls(tab, "fitBounds")
    assert answer["east"] - answer["west"] < 30 < (whole["east"] - whole["west"]) % 360
    assert again == whole
    assert _calls(tab, "deprecated") == []


def test_markers_of_the_old_kind_stand_in_where_there_are_no_others(open_notebook):
    tab = open_notebook(
        [SETUP, "geonb.show_map(CASES['tokyo'], None, 'google', api_key='OLD key')"]
    )
    tab.run()
    pins = tab.output().locator(".fake-marker")
    pins.nth(5).wait_for()
    assert pins.count() == 6
    assert _calls(tab, "deprecated") == ["Marker"] * 6
    pins.filter(has_text="1").click()
    tab.output().locator(".fake-info", has_text="Roppongi").wait_for()


def test_google_says_that_a_key_was_rejected(open_notebook):
    tab = open_notebook(
        [SETUP, "geonb.show_map(CASES['tokyo'], None, 'google', api_key='BAD key')"]
    )
    tab.run()
    _check_message(tab, 1, "Google Maps rejected the API key")
    tab.screenshot("google-lab-rejected", tab.output())
    assert "BAD key" not in tab.output().inner_text()


def test_google_says_that_it_is_unreachable(open_notebook):
    tab = open_notebook(cells("google", ["tokyo"]), google=False)
    tab.run()
    _check_message(tab, 1, "Google Maps cannot be reached")
    tab.screenshot("google-lab-unreachable", tab.output())
    assert TEST_KEY not in tab.output().inner_text()
    assert TEST_KEY not in tab.save()


def _check_message(tab, cell, text):
    """The words are there, and the picture stands in for the map: photo and list, once each."""
    output = tab.output(cell)
    output.locator(".geonb-message", has_text=text).wait_for()
    assert output.locator("[data-geonb-picture] img").is_visible()
    assert not output.locator(".geonb-list").is_visible()
    assert not output.locator(".geonb-beside img").is_visible()
    assert "Map: google" not in output.inner_text()
