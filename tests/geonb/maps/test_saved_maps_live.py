"""Maps in saved notebooks: reopened, and as HTML."""

import json
import subprocess
import sys

import pytest

from support.browser import ARTEFACTS, cut_network
from support.jupyter_server import TEST_KEY
from support.live_maps import PINS, SETUP, cells

pytestmark = pytest.mark.newest


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
    images = page.locator("img[alt^='Map with 5 numbered pins'], .jp-RenderedImage img")
    assert images.count() == len(providers)
    # nbconvert's template leaves out the alt text of a PNG: its words stand right below it.
    assert page.locator(".geonb-unseen").inner_text().startswith("Map with 5 numbered pins")
    for image in images.all():
        assert image.is_visible()
        assert image.evaluate("image => image.naturalWidth") > 1000
    assert page.locator("table").count() == len(providers)
    page.screenshot(path=ARTEFACTS / "nbconvert.png", full_page=True)
    context.close()
