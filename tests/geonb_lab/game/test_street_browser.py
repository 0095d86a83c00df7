"""The street laboratory in JupyterLab and Chromium: turn a knob, predict, and see."""

import pytest

pytestmark = [pytest.mark.newest, pytest.mark.slow]
LAB = """
import geonb
import geonb_lab
from geonb_training.scenes import example_street
lab = geonb_lab.StreetLab(geonb.load_model("mini"), example_street())
lab
"""


@pytest.fixture
def tab(open_notebook):
    tab = open_notebook([LAB, "lab.street.settings"])
    tab.run()
    tab.page.locator(".geonb-street-bars li").nth(4).wait_for()
    return tab


def said(tab, words):
    tab.page.locator(".geonb-street-said").get_by_text(words).wait_for()


def hidden(tab):
    bars = tab.page.locator(".geonb-street-bars")
    return bars.evaluate("element => getComputedStyle(element).visibility") == "hidden"


def test_predict_first_and_see(tab):
    page = tab.page
    said(tab, "The model says Tokyo")
    tab.screenshot("street-wide", page.locator(".geonb-street"))
    page.get_by_label("centre line").select_option("yellow")
    said(tab, "centre line: yellow. The model said Tokyo. Will its first guess stay there?")
    assert hidden(tab), "the answer waits for the prediction"
    tab.screenshot("street-question", page.locator(".geonb-street"))
    page.get_by_role("button", name="It moves").click()
    said(tab, "Right. It moves: from Tokyo")
    said(tab, "to São Paulo, Brazil 62%. You foresaw 1 of 1.")
    assert not hidden(tab)
    tab.screenshot("street-answer", page.locator(".geonb-street"))
    page.get_by_role("button", name="Street as it was").click()
    said(tab, "The model says Tokyo")
    assert page.get_by_label("centre line").input_value() == "white"
    assert tab.refused == []


def test_the_keyboard_is_enough(tab):
    page = tab.page
    page.get_by_label("side of the road").focus()
    page.keyboard.press("ArrowDown")
    said(tab, "side of the road: right.")
    page.keyboard.press("s")
    said(tab, "Right. It stays: Tokyo")
    focused = page.evaluate("document.activeElement.parentElement.textContent")
    assert focused.startswith("side of the road"), "where one was"
    assert page.locator(".jp-CodeCell").count() == 2, "no key reached JupyterLab"


def test_without_predicting_first(tab):
    page = tab.page
    page.get_by_label("Predict first").uncheck()
    page.get_by_label("climate").select_option("cold")
    said(tab, "It moves: from Tokyo")
    said(tab, "Sapporo")


def test_on_a_phone_and_in_the_dark(tab):
    page = tab.page
    tab.command("apputils:change-theme", theme="JupyterLab Dark")
    tab.screenshot("street-dark", page.locator(".geonb-street"))
    street = page.locator(".geonb-street")
    street.evaluate("element => { element.style.width = '340px'; }")
    wide = street.evaluate("element => [element.scrollWidth, element.clientWidth]")
    assert wide[0] <= wide[1], "nothing sticks out"
    tab.screenshot("street-phone", street)
