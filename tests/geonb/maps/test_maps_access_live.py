"""Live maps by keyboard, and in the dark theme."""

import pytest

from geonb.maps.pins import pins_of
from support.live_maps import cells
from support.places import CASES

pytestmark = pytest.mark.newest


def test_the_keyboard_reaches_every_marker_and_stays_in_the_map(open_notebook):
    tab = open_notebook(
        [*cells("leaflet", ["tokyo"]), *cells("google", ["tokyo"])[1:]], size=(1100, 1800)
    )
    tab.run()
    page, count = tab.page, tab.page.locator(".jp-CodeCell").count()
    for cell, marker, popup in (
        (1, ".leaflet-marker-icon", ".leaflet-popup"),
        (2, "", ".fake-info"),
    ):
        output = tab.output(cell)
        output.locator(".geonb-list button").first.focus()
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        shown = output.locator(popup)
        shown.wait_for()
        assert pins_of(CASES["tokyo"])[1].text in shown.inner_text()
        page.keyboard.press("b")  # JupyterLab's key for a new cell
        assert page.locator(".jp-CodeCell").count() == count
        if marker:
            output.locator(f'{marker}[title^="1:"]').focus()
            page.keyboard.press("Enter")
            page.locator(popup, has_text="Roppongi").wait_for()
            page.keyboard.press("b")
            page.keyboard.press("ArrowLeft")
            assert page.locator(".jp-CodeCell").count() == count
    tab.screenshot("keyboard-lab")


def test_text_is_readable_in_the_dark_theme(open_notebook):
    tab = open_notebook([*cells("leaflet", ["fiji"]), *cells("google", ["fiji"])[1:]], google=False)
    tab.run()
    tab.command("apputils:change-theme", theme="JupyterLab Dark")
    tab.output(1).locator(".geonb-list").wait_for()
    tab.output(2).locator(".geonb-message", has_text="cannot be reached").wait_for()
    tab.page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    tab.page.wait_for_timeout(500)
    for words in (
        ".geonb-list button",
        ".geonb-list b",
        ".geonb p",
        ".leaflet-control-attribution a",
    ):
        for element in tab.page.locator(words).all():
            assert element.evaluate(_CONTRAST) > 4.5  # WCAG 2.2, level AA
    tab.screenshot("leaflet-lab-dark")
    tab.command("apputils:change-theme", theme="JupyterLab Light")  # the server remembers it


_CONTRAST = """element => {
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const paint = (colour) => { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); };
  const behind = [];
  for (let e = element; e; e = e.parentElement) behind.unshift(getComputedStyle(e).backgroundColor);
  const light = () => {
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data]
      .map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  behind.forEach(paint);
  const back = light();
  paint(getComputedStyle(element).color);
  const front = light();
  return Math.max(front, back) / Math.min(front, back);
}"""
