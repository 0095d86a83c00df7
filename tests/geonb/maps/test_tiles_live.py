"""Tiles in JupyterLab, from a server that plays OpenStreetMap's: it wants to know who asks."""

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from support.live_maps import PINS, SETUP

pytestmark = [pytest.mark.newest, pytest.mark.slow]

GREEN, REFUSAL = (30, 160, 60), (200, 30, 30)
CASES = ("tokyo", "world")


def _png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _tile(path):
    """A tile that's like no other: green, with its address as a pattern."""
    image = np.full((256, 256, 3), GREEN, np.uint8)
    image[100:140, 100:140] = np.random.default_rng(abs(hash(path))).integers(0, 255, (40, 40, 3))
    return _png(Image.fromarray(image))


def _blocked():
    """The picture that stands for every tile: "Access blocked" in red, many bytes."""
    noise = np.random.default_rng(1).integers(0, 40, (256, 256, 3))
    return _png(Image.fromarray((np.array(REFUSAL) - noise // 8).astype(np.uint8)))


class _Tiles(BaseHTTPRequestHandler):
    blocked = _blocked()

    def do_GET(self):
        referer = self.headers.get("Referer")
        self.server.asked.append(referer)
        refused = self.server.refuses == "always" or (self.server.refuses and not referer)
        data = self.blocked if refused else _tile(self.path)
        self.send_response(self.server.status if refused else 200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def tiles():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tiles)
    server.asked, server.refuses, server.status = [], "without a Referer", 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _shares(tab, part):
    """How much of the map is green, and how much is the refusal's red."""
    picture = np.asarray(Image.open(io.BytesIO(part.screenshot())).convert("RGB"), int)
    return [(abs(picture - colour).max(axis=-1) < 30).mean() for colour in (GREEN, REFUSAL)]


def _show(open_notebook, server, case):
    address = f"http://127.0.0.1:{server.server_address[1]}/{{z}}/{{x}}/{{y}}.png"
    tab = open_notebook([
        SETUP, f"os.environ['GEONB_TILES'] = {address!r}",
        f"geonb.show_map(CASES[{case!r}], provider='leaflet')",
    ])  # fmt: skip
    tab.run()
    tab.output().locator(PINS["leaflet"]).first.wait_for()
    return tab, tab.output().locator(".leaflet-container")


def test_a_page_with_an_address_says_it_and_gets_its_tiles(open_notebook, tiles):
    tab, world = _show(open_notebook, tiles, "tokyo")
    world.locator("img.leaflet-tile-loaded").nth(1).wait_for()
    tab.page.wait_for_timeout(1500)
    assert tiles.asked
    assert all(referer.startswith("http://127.0.0.1:") for referer in tiles.asked)
    green, red = _shares(tab, world)
    assert green > 0.5
    assert red < 0.001
    assert tab.output().locator(".geonb-message").count() == 0
    tab.screenshot("tiles-granted", tab.output())


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize("case", CASES)
def test_where_tiles_are_refused_the_outlines_and_towns_are_seen(
    open_notebook, tiles, case, status
):
    tiles.refuses, tiles.status = "always", status
    tab, world = _show(open_notebook, tiles, case)
    tab.output().locator(".geonb-message", has_text="refuses its tiles").wait_for()
    tab.page.wait_for_timeout(700)
    green, red = _shares(tab, world)
    assert green < 0.01
    assert red < 0.01, "the refusal covers nothing"
    names = world.locator(".geonb-town").all_inner_texts()
    assert len(names) > 4
    label = np.asarray(Image.open(io.BytesIO(world.locator(".geonb-town").first.screenshot())))
    assert (label.max(axis=-1) < 150).mean() > 0.02, "a name lies on the land, not below it"
    tab.screenshot(f"tiles-refused-{case}-{status}", tab.output())
