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
    assert [name for name, _ in calls].count("script") == 1
    tab.screenshot("google-lab-no-key-and-another-key")


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
    """The words are there, and the list and the picture stand in for the map."""
    output = tab.output(cell)
    output.locator(".geonb-message", has_text=text).wait_for()
    assert output.locator(".geonb-list li").count() == 6
    assert output.locator("[data-geonb-picture] img").is_visible()
