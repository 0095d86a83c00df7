"""Live maps in JupyterLab and Notebook 7, in a real browser with the network cut."""

import io
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from browser import TEST_KEY
from PIL import Image
from places import CASES

import geonb
from geonb.maps.points import nearest_turn, points, view

pytestmark = pytest.mark.newest

HERE = Path(__file__).parent
SETUP = f"""import os, sys
sys.path.insert(0, {str(HERE)!r})
import geonb
from places import CASES, EVIL
key = os.environ["GEONB_TEST_KEY"]"""
TALL = (1100, 6400)
PINS = {
    "leaflet": ".leaflet-marker-icon:has([data-geonb])",
    "google": ".fake-marker",
    "gmaps": ".fake-marker",
}
MAP = {"leaflet": ".leaflet-container", "google": ".geonb-map", "gmaps": ".gm-style"}


def cells(provider, names=CASES):
    key = ", api_key=key" if provider in {"google", "gmaps"} else ""
    return [SETUP, *(f"geonb.show_map(CASES[{n!r}], provider={provider!r}{key})" for n in names)]


@pytest.fixture(scope="session")
def gmaps_widgets(jupyter):
    """gmaps' widgets: those of the environment, or else built for the tests' server."""
    here = Path(sys.prefix, "share", "jupyter", "labextensions")
    if not (here / "jupyter-gmaps").is_dir():
        folder = Path(jupyter.env["JUPYTER_DATA_DIR"]) / "labextensions"
        build = [sys.executable, HERE.parent / "labextension" / "build.py"]
        env = {**jupyter.env, "GEONB_LABEXTENSIONS": str(folder)}
        done = subprocess.run(build, env=env, check=True, capture_output=True, text=True)
        if not (folder / "jupyter-gmaps").is_dir():
            pytest.skip(done.stdout)


@pytest.mark.parametrize("app", ["lab", "notebook"])
@pytest.mark.parametrize("provider", ["leaflet", "google", "gmaps"])
def test_every_map_shows_its_pins_in_the_right_places(request, open_notebook, provider, app):
    if provider == "gmaps":
        request.getfixturevalue("gmaps_widgets")
    tab = open_notebook([*cells(provider), _evil(provider)], app, size=TALL)
    tab.run()
    for number, case in enumerate(CASES.values(), start=1):
        tab.output(number).locator(PINS[provider]).nth(len(points(case)) - 1).wait_for()
        tab.output(number).locator("[data-geonb-picture]").wait_for(state="hidden")
    tab.page.wait_for_timeout(700)  # gmaps sets its view after 500 ms
    for number, (name, case) in enumerate(CASES.items(), start=1):
        output = tab.output(number)
        box = output.locator(MAP[provider]).first
        _check_pins(output.locator(PINS[provider]), box.bounding_box(), case)
        words = output.inner_text()
        assert all(f"{p.label} {p.text}" in re.sub(r"\s+", " ", words) for p in points(case))
        assert f"Map: {provider}." in words
        tab.screenshot(f"{provider}-{app}-{name}", output)
    assert "<script>window.hacked = 1</script>.jpg" in tab.output().inner_text()
    assert tab.page.evaluate("window.hacked") is None
    if provider == "leaflet":
        _check_leaflet(tab)
    saved = tab.save()
    assert (TEST_KEY in saved) == (provider == "gmaps")  # gmaps' own leak, which it warns about
    if provider == "gmaps":
        assert "geonb.clean_notebook" in tab.output(1).inner_text()
        assert geonb.clean_notebook(tab.path) == len(CASES) + 1
        assert TEST_KEY not in tab.path.read_text()


def _evil(provider):
    key = ", api_key=key" if provider in {"google", "gmaps"} else ""
    return f"geonb.show_map(EVIL, provider={provider!r}{key})"


def _check_pins(pins, box, case):
    """Every point has a pin inside the map, and on the page they lie as in Mercator."""
    marked = points(case)
    boxes = [pin.bounding_box() for pin in pins.all()]
    assert len(boxes) == len(marked)
    by_label = {pin.inner_text(): b for pin, b in zip(pins.all(), boxes, strict=True)}
    assert set(by_label) == {p.label for p in marked}
    for b in boxes:
        assert box["x"] - 1 <= b["x"] <= box["x"] + box["width"] - b["width"] + 1
        assert box["y"] - 1 <= b["y"] <= box["y"] + box["height"] - b["height"] + 1
    numbered = [p for p in marked if p.label.isdigit()]
    centre = view(case)[4][1]
    lng = [nearest_turn(p.on_mercator[1], centre) for p in numbered]
    up = [math.asinh(math.tan(math.radians(p.on_mercator[0]))) for p in numbered]
    _check_line(lng, [by_label[p.label]["x"] for p in numbered])
    _check_line(up, [-by_label[p.label]["y"] for p in numbered])


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
    picture = Image.open(io.BytesIO(tab.output(2).locator(".leaflet-container").screenshot()))
    colours = {colour for count, colour in picture.convert("RGB").getcolors(1 << 20) if count > 500}
    assert {(244, 241, 230), (219, 233, 242)} <= colours
    land = tab.output(2).locator(".leaflet-geonb-land-pane:has(canvas)")
    tiles = tab.output(2).locator(".leaflet-tile-pane")
    depth = "element => Number(getComputedStyle(element).zIndex)"
    assert land.evaluate(depth) < tiles.evaluate(depth)
    assert "OpenStreetMap contributors" in tab.output(1).inner_text()
    assert all(url.startswith("https://tile.openstreetmap.org/") for url in tab.refused)
    assert len(tab.refused) < 20 * (len(CASES) + 1)
    assert "228 km" in tab.output(2).locator(".geonb-distance").inner_text()


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_static_maps_are_pictures_with_words(open_notebook, app):
    tab = open_notebook([*cells("static"), _evil("static")], app, size=TALL)
    tab.run()
    for number, (name, case) in enumerate(CASES.items(), start=1):
        image = tab.output(number).locator("img")
        assert image.evaluate("image => image.naturalWidth") > 1000
        assert all(p.text in image.get_attribute("alt") for p in points(case))
        assert tab.output(number).locator("tbody tr").count() == len(case)
        tab.screenshot(f"static-{app}-{name}", tab.output(number))
    assert tab.page.evaluate("window.hacked") is None
    assert TEST_KEY not in tab.save()
    assert not tab.refused


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


def test_gmaps_says_that_a_key_was_rejected(gmaps_widgets, open_notebook):
    tab = open_notebook([
        SETUP,
        "geonb.show_map(CASES['tokyo'], provider='gmaps', api_key='BAD key')",
    ])  # fmt: skip
    tab.run()
    output = tab.output()
    output.get_by_text("Something went wrong authenticating with Google Maps").wait_for()
    output.locator("[data-geonb-picture] img").wait_for(state="visible")
    assert output.locator(".geonb-list li").count() == 6
    tab.screenshot("gmaps-lab-rejected", output)


def test_gmaps_tells_the_distance_where_one_clicks_its_line(gmaps_widgets, open_notebook):
    tab = open_notebook(cells("gmaps", ["tokyo"]))
    tab.run()
    dots = tab.output().locator(".fake-dot")
    dots.nth(20).wait_for()
    assert dots.nth(10).get_attribute("title") == "1.5 km from the true place to guess 1"
    dots.nth(10).click(force=True)
    shown = tab.output().locator(".fake-info")
    assert shown.inner_text() == "1.5 km from the true place to guess 1"
    assert tab.output().locator(".geonb-list button").count() == 0  # they could open nothing
    tab.screenshot("gmaps-lab-distance", tab.output())


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
        assert points(CASES["tokyo"])[1].text in shown.inner_text()
        page.keyboard.press("b")  # JupyterLab's key for a new cell
        assert page.locator(".jp-CodeCell").count() == count
        if marker:
            output.locator(f'{marker}[title^="1:"]').focus()
            page.keyboard.press("Enter")
            page.locator(popup, has_text="13.99%").wait_for()
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
    for words in (".geonb-list button", ".geonb p", ".leaflet-control-attribution a"):
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


def test_a_reopened_notebook_shows_the_map_or_its_picture(open_notebook, jupyter):
    names = ["tokyo"]
    first = open_notebook(
        [*cells("leaflet", names), *cells("google", names)[1:]], size=(1100, 2400)
    )
    first.run()
    first.output(1).locator(PINS["leaflet"]).nth(5).wait_for()
    saved = json.loads(first.save())
    jupyter.close_sessions()

    live = open_notebook(first.path, size=(1100, 2400))  # with widget state: the map itself
    live.output(1).locator(PINS["leaflet"]).nth(5).wait_for()
    live.output(2).locator("[data-geonb-picture] img").wait_for()  # Google's key is not saved
    live.screenshot("reopened-lab-with-state")

    del saved["metadata"]["widgets"]
    bare = jupyter.root / "without-state.ipynb"
    bare.write_text(json.dumps(saved))
    stale = open_notebook(bare, size=(1100, 2400))
    for cell in (1, 2):
        image = stale.output(cell).locator("img[alt]")
        image.wait_for()
        assert image.evaluate("image => image.naturalWidth") > 1000
    stale.screenshot("reopened-lab-without-state")


def test_html_by_nbconvert_shows_pictures_and_no_key(open_notebook, jupyter, tmp_path, chromium):
    from browser import cut_network

    providers = ("google", "leaflet", "static")
    body = [SETUP, *(cells(provider, ["tokyo"])[1] for provider in providers)]
    path = jupyter.write(body)
    convert = [sys.executable, "-m", "nbconvert", path, "--output-dir", tmp_path, "--execute"]
    for kind in ("html", "notebook"):
        subprocess.run([*convert, "--to", kind], env=jupyter.env, check=True, capture_output=True)
    files = [tmp_path / path.with_suffix(end).name for end in (".html", ".ipynb")]
    assert all(TEST_KEY not in file.read_text() for file in files)
    context = chromium.new_context()
    cut_network(context)
    page = context.new_page()
    page.set_content(files[0].read_text(), wait_until="domcontentloaded")
    images = page.locator("img[alt^='Map with 5 numbered pins']")
    assert images.count() == len(providers)
    for image in images.all():
        assert image.is_visible()
        assert image.evaluate("image => image.naturalWidth") > 1000
    assert page.locator("table").count() == len(providers)
    page.screenshot(path=HERE.parent / "artefacts" / "nbconvert.png", full_page=True)
    context.close()


def test_fifteen_thousand_cells_are_a_few_shapes(open_notebook):
    tab = open_notebook([
        SETUP,
        "from places import many_cells; model = many_cells()",
        "geonb.show_cells(model)",
        "geonb.show_heatmap(model, CASES['one'].photo)",
    ], size=(1100, 1700))  # fmt: skip
    tab.run()
    for cell in (2, 3):
        output = tab.output(cell)
        output.locator("[data-geonb-picture]").wait_for(state="hidden")
        assert output.locator(".leaflet-container canvas").count() == 2  # land, and cells
        assert output.locator(".leaflet-container *").count() < 200
    assert re.search(r"probability 0.1 to 1 %: \d+ cells, grey", tab.output(3).inner_text())
    tab.page.wait_for_timeout(1500)
    tab.screenshot("cells-lab")


def test_the_blogs_own_cell_runs(gmaps_widgets, open_notebook):
    blog = """import gmaps
gmaps.configure(api_key=key) # Fill in with your API key

fig = gmaps.figure()

for i in range(len(result)):
    marker = gmaps.marker_layer([result[i][2]], label=str(i+1))
    fig.add_layer(marker)
fig"""
    repaired = "geonb.repair_gmaps(); result = list(CASES['tokyo'])"
    tab = open_notebook([SETUP, repaired, blog])
    tab.run()
    tab.output().locator(".fake-marker").nth(4).wait_for()
    tab.page.wait_for_timeout(700)  # it sets its view after 500 ms
    assert tab.output().locator(".fake-marker").all_inner_texts() == list("12345")
    tab.screenshot("blog-lab", tab.output())
