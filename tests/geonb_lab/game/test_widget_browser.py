"""The guessing game in JupyterLab and Chromium: click, guess, and see who was nearer."""

import re

import numpy as np
import pytest

from geonb.maps.plane import equal_earth

pytestmark = [pytest.mark.newest, pytest.mark.slow]
PLAY = """
import geonb
import geonb_lab
game = geonb_lab.play([geonb.example_photo("tokyo"), geonb.example_photo("lima")])
game
"""


@pytest.fixture
def tab(open_notebook):
    tab = open_notebook([PLAY, "game.rounds"])
    tab.run()
    tab.page.locator(".geonb-game-map .geonb-land").first.wait_for(state="attached")
    return tab


def click(tab, lat, lng):
    """Click on the map where a place is."""
    box = tab.page.locator(".geonb-game-map .geonb-globe").bounding_box()
    half = equal_earth(np.array([180.0, 0.0]))[0], equal_earth(np.array([0.0, 90.0]))[1]
    right, up = equal_earth(np.array([lng, lat])) / half
    x = box["x"] + box["width"] * (1 + right) / 2
    tab.page.mouse.click(x, box["y"] + box["height"] * (1 - up) / 2)


def test_a_round_by_click_and_by_name(tab):
    page = tab.page
    said = page.locator(".geonb-game-said")
    button = page.get_by_role("button", name="Guess", exact=True)
    assert button.is_disabled()
    click(tab, 35, 135)
    said.get_by_text("Your guess: 3").wait_for()
    tab.screenshot("game-guess")
    button.click()
    said.get_by_text("model: 3.0 km off").wait_for()
    assert "★ the true place" in said.inner_text()
    page.wait_for_timeout(1200)  # the map flies there
    tab.screenshot("game-result")
    page.get_by_role("button", name="Next photo").click()
    page.get_by_text("Photo 2 of 2").wait_for()
    town = page.get_by_label("A town, or latitude and longitude")
    town.fill("Nowhere at all")
    town.press("Enter")
    said.get_by_text("no town 'Nowhere at all'").wait_for()
    town.fill("lima")
    town.press("Enter")
    said.get_by_text("Do you mean Lima, Peru? Then press Guess").wait_for()
    assert button.is_enabled()
    town.press("Enter")
    said.get_by_text("you: 0.0 km off").wait_for()
    page.get_by_text(re.compile("(You win|The model wins), ")).wait_for()
    tab.screenshot("game-sum")
    assert tab.refused == []
    saved = tab.save()
    assert "data:image/jpeg" not in saved
    assert "139.6" not in saved, "neither photos nor places are saved"


def test_the_keyboard_is_enough(tab):
    page = tab.page
    page.locator(".geonb-game-map .atlas").focus()
    for key in ("ArrowUp", "ArrowRight", "+", "ArrowRight"):
        page.keyboard.press(key)
    said = page.locator(".geonb-game-said").inner_text()
    step, across = map(float, re.findall(r"[\d.]+", said))
    assert 2 < step < 5, "a hundredth of the world"
    assert across == pytest.approx(step * (1 + 1 / 1.6), abs=0.02), "a smaller step further in"
    page.keyboard.press("Enter")
    page.locator(".geonb-game-said").get_by_text("★ the true place").wait_for()
    assert page.locator(".jp-CodeCell").count() == 2, "no key reached JupyterLab"


def test_the_photo_is_there_while_other_cells_still_run(open_notebook):
    tab = open_notebook([PLAY, "import time\ntime.sleep(20)"])
    tab.start()
    tab.page.locator(".geonb-game-map .geonb-land").first.wait_for(state="attached")
    tab.page.get_by_text("Photo 1 of 2").wait_for()
    assert tab.page.get_by_text("[*]:").count() > 0, "the kernel is busy still"
