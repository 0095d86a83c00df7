"""Live maps in JupyterLab and Notebook 7, in a real browser with the network cut."""

import io
import math
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import geonb_lab
from geonb.maps.pins import box as box_of
from geonb.maps.pins import nearest_turn, pins_of, view
from support.jupyter_server import TEST_KEY
from support.live_maps import PINS, SETUP, TALL, cells
from support.places import CASES

pytestmark = pytest.mark.newest

LAND, SEA = (251, 249, 244), (227, 237, 243)
MAP = {"leaflet": ".leaflet-container", "google": ".geonb-map", "gmaps": ".gm-style"}


@pytest.mark.parametrize("app", ["lab", "notebook"])
@pytest.mark.parametrize("provider", ["leaflet", "google", "gmaps"])
def test_every_map_shows_its_pins_in_the_right_places(request, open_notebook, provider, app):
    if provider == "gmaps":
        request.getfixturevalue("gmaps_widgets")
    tab = open_notebook([*cells(provider), _evil(provider)], app, size=TALL)
    tab.run()
    for number, case in enumerate(CASES.values(), start=1):
        tab.output(number).locator(PINS[provider]).nth(len(pins_of(case)) - 1).wait_for()
        tab.output(number).locator("[data-geonb-picture]").wait_for(state="hidden")
    tab.page.wait_for_timeout(700)  # gmaps sets its view after 500 ms
    for number, (name, case) in enumerate(CASES.items(), start=1):
        output = tab.output(number)
        box = output.locator(MAP[provider]).first
        _check_pins(output.locator(PINS[provider]), box.bounding_box(), case)
        words = output.inner_text()
        assert output.locator(".geonb-beside img").get_attribute("alt").startswith("The photo")
        assert all(f"{p.mark} {p.text}" in re.sub(r"\s+", " ", words) for p in pins_of(case))
        assert f"Map: {provider}." in words
        tab.screenshot(f"{provider}-{app}-{name}", output)
    shown = tab.output().locator(".geonb-beside img").get_attribute("alt")
    assert "<script>window.hacked = 1</script>.jpg" in shown
    assert tab.page.evaluate("window.hacked") is None
    if provider == "leaflet":
        _check_leaflet(tab)
    saved = tab.save()
    assert (TEST_KEY in saved) == (provider == "gmaps")  # gmaps' own leak, which it warns about
    if provider == "gmaps":
        assert "geonb_lab.clean_notebook" in tab.output(1).inner_text()
        assert geonb_lab.clean_notebook(tab.path).keys == len(CASES) + 1
        assert TEST_KEY not in tab.path.read_text()


def _evil(provider):
    key = ", api_key=key" if provider in {"google", "gmaps"} else ""
    return f"geonb.show_map(EVIL, provider={provider!r}{key})"


def _check_pins(pins, box, case):
    """Every point has a pin inside the map, and on the page they lie as in Mercator."""
    marked = pins_of(case)
    boxes = [pin.bounding_box() for pin in pins.all()]
    assert len(boxes) == len(marked)
    by_label = {pin.inner_text(): b for pin, b in zip(pins.all(), boxes, strict=True)}
    assert set(by_label) == {p.mark for p in marked}
    for b in boxes:
        assert box["x"] - 1 <= b["x"] <= box["x"] + box["width"] - b["width"] + 1
        assert box["y"] - 1 <= b["y"] <= box["y"] + box["height"] - b["height"] + 1
    numbered = [p for p in marked if p.mark.isdigit()]
    centre = view(box_of(case))[0][1]
    lng = [nearest_turn(p.on_mercator[1], centre) for p in numbered]
    up = [math.asinh(math.tan(math.radians(p.on_mercator[0]))) for p in numbered]
    _check_line(lng, [by_label[p.mark]["x"] for p in numbered])
    _check_line(up, [-by_label[p.mark]["y"] for p in numbered])


def _check_line(values, pixels):
    """Pixels grow with the values, and in proportion."""
    if np.ptp(values) < 1e-9:
        assert np.ptp(pixels) < 2
        return
    slope, start = np.polyfit(values, pixels, 1)
    assert slope > 0
    assert np.abs(slope * np.array(values) + start - pixels).max() < 2


def _check_leaflet(tab):
    """Land and sea without the network; the attribution; tiles asked for only where one looks."""
    _wait_for_colours(tab, tab.output(2).locator(".leaflet-container"), LAND, SEA)
    land = tab.output(2).locator(".leaflet-geonb-land-pane:has(canvas)")
    tiles = tab.output(2).locator(".leaflet-tile-pane")
    depth = "element => Number(getComputedStyle(element).zIndex)"
    assert land.evaluate(depth) < tiles.evaluate(depth)
    assert "OpenStreetMap contributors" in tab.output(1).inner_text()
    assert all(url.startswith("https://tile.openstreetmap.org/") for url in tab.refused)
    assert len(tab.refused) < 20 * (len(CASES) + 1)
    assert "228 km" in tab.output(2).locator(".geonb-distance").inner_text()


def _wait_for_colours(tab, part, *wanted):
    """Wait for colours: canvases are drawn some frames after the view has changed, or many."""
    for _ in range(40):
        picture = Image.open(io.BytesIO(part.screenshot())).convert("RGB")
        missing = set(wanted) - {c for count, c in picture.getcolors(1 << 20) if count > 500}
        if not missing:
            return
        tab.page.wait_for_timeout(250)
    raise AssertionError(f"after 10 s still no {missing}")


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_static_maps_are_pictures_with_words(open_notebook, app):
    tab = open_notebook([*cells("static"), _evil("static")], app, size=TALL)
    tab.run()
    for number, (name, case) in enumerate(CASES.items(), start=1):
        image = tab.output(number).locator("img")
        assert image.evaluate("image => image.naturalWidth") > 1000
        words = tab.output(number).locator(".geonb-unseen").inner_text()
        assert all(p.text in words for p in pins_of(case))
        assert tab.output(number).locator("tbody tr").count() == len(case)
        tab.screenshot(f"static-{app}-{name}", tab.output(number))
    assert tab.page.evaluate("window.hacked") is None
    assert TEST_KEY not in tab.save()
    assert not tab.refused


def test_fifteen_thousand_cells_are_a_few_shapes(open_notebook):
    tab = open_notebook([
        SETUP,
        "import geonb_lab; from support.places import many_cells; model = many_cells()",
        "geonb.show_cells(model)",
        "geonb_lab.show_heatmap(model, CASES['one'].photo)",
    ], size=(1100, 1700))  # fmt: skip
    tab.run()
    for cell in (2, 3):
        output = tab.output(cell)
        output.locator("[data-geonb-picture]").wait_for(state="hidden")
        assert output.locator(".leaflet-container canvas").count() == 2  # land, and cells
        assert output.locator(".leaflet-container *").count() < 200
    key = tab.output(3).locator(".geonb-key")
    assert re.search(r"half of the probability: \d+ cells", key.inner_text())
    world, below = tab.output(3).locator(".leaflet-container").bounding_box(), key.bounding_box()
    assert below["y"] >= world["y"] + world["height"] - 1, "the key covers nothing of the map"
    tab.page.wait_for_timeout(1500)
    tab.screenshot("cells-lab")


def test_a_click_in_the_list_zooms_until_the_pins_part(open_notebook):
    """It starts with all pins; a button shows the answer, another all of them again."""
    tab = open_notebook(cells("leaflet", ["tokyo", "world"]), size=(1100, 1600))
    tab.run()
    city, far = tab.output(1), tab.output(2)
    pins = far.locator(PINS["leaflet"])
    pins.nth(5).wait_for()
    for button, everywhere in ((None, True), ("Answer", False), ("All pins", True)):
        if button:
            far.get_by_role("button", name=button).click()
            tab.page.wait_for_timeout(1200)
        seen = far.locator(".leaflet-container").bounding_box()
        inside = [_inside(pin.bounding_box(), seen) for pin in pins.all()]
        assert any(inside)
        assert all(inside) == everywhere, "the guess in Paris, not those overseas"

    for number in (4, 2):
        city.locator(".geonb-list button").nth(number - 1).click()
        tab.page.wait_for_timeout(1500)
        assert city.locator(".leaflet-popup img").count() == 1
        assert city.locator(".leaflet-popup").count() == 1
        spots = city.locator(f"{PINS['leaflet']}")
        boxes = {pin.inner_text(): pin.bounding_box() for pin in spots.all()}
        gaps = [_gap(boxes[str(number)], b) for label, b in boxes.items() if label != str(number)]
        assert min(gaps) > 25
    tab.screenshot("leaflet-lab-flown", city)


def _inside(b, box):
    return box["x"] <= b["x"] <= box["x"] + box["width"] and (
        box["y"] <= b["y"] <= box["y"] + box["height"]
    )


def _gap(a, b):
    return math.hypot(a["x"] - b["x"], a["y"] - b["y"])


def test_pins_spread_and_the_wheel_waits_for_a_click(open_notebook):
    tab = open_notebook(cells("leaflet", ["tokyo"]))
    tab.run()
    heads = tab.output().locator("[data-geonb]")
    heads.nth(5).wait_for()
    tab.page.wait_for_timeout(700)
    middles = [
        (b["x"] + b["width"] / 2, b["y"] + b["height"] / 2)
        for b in (head.bounding_box() for head in heads.all())
    ]
    gaps = [math.dist(a, b) for i, a in enumerate(middles) for b in middles[:i]]
    assert min(gaps) > 20, "no pin covers another"
    tab.screenshot("leaflet-lab-spread", tab.output())
    world = tab.output().locator(".leaflet-container")
    bar = tab.output().locator(".leaflet-control-scale-line")
    before = bar.inner_text()
    box = world.bounding_box()
    tab.page.mouse.move(box["x"] + 60, box["y"] + 200)
    tab.page.mouse.wheel(0, 100)
    tab.page.wait_for_timeout(500)
    assert bar.inner_text() == before, "the page scrolls past the map"
    world.scroll_into_view_if_needed()
    world.click(position={"x": 60, "y": 200})
    tab.page.wait_for_timeout(300)
    tab.page.mouse.wheel(0, 300)
    expect(bar).not_to_have_text(before)  # after a click, the wheel zooms
