"""The page that one sends: one file, a map that moves without a network, words for everyone."""

import re
from dataclasses import replace

import numpy as np
import pytest

import geonb
from geonb.earth.cells import Belief
from geonb.earth.s2 import leaf_ids
from support.browser import ARTEFACTS, cut_network
from support.places import CASES, FIJI, TOKYO, predictions

SHARES = (0.5, 0.2, 0.15, 0.1, 0.05)


@pytest.fixture(scope="module")
def example():
    return geonb.predict(geonb.load_model("mini"), geonb.example_photo())


def write(case, folder):
    geonb.write_page(case, folder / "where.html")
    return (folder / "where.html").read_text(encoding="utf-8")


def test_it_is_one_small_file_that_asks_for_nothing(example, tmp_path):
    page = write(example, tmp_path)
    assert len(page.encode()) <= 600_000
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", page)
    assert f"<h1>{example[0].town}</h1>" in page
    assert example.note in page
    assert "data:image/jpeg" in page


def test_names_from_outside_are_only_words(tmp_path):
    case = predictions(TOKYO, name="<script>alert(1)</script>'\".jpg", note="<b>&")
    page = write(case, tmp_path)
    assert page.count("<script") == 1
    assert "&lt;b&gt;&amp;" in page


@pytest.fixture
def open_page(chromium, tmp_path):
    contexts = []

    def open_(case, *, width=1200, height=1000, **options):
        write(case, tmp_path)
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.failures, page.refused = [], cut_network(context)
        page.on("pageerror", lambda error: page.failures.append(str(error)))
        context.unroute_all()
        page.goto((tmp_path / "where.html").as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


pages = pytest.mark.newest


@pages
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("light", {}),
        ("dark", {"color_scheme": "dark"}),
        ("1024", {"width": 1024, "height": 768}),
        ("phone", {"width": 390, "height": 844}),
        ("print", {"width": 760}),
    ],
)
def test_it_fits_where_it_is_looked_at(example, open_page, name, options):
    page = open_page(example, **options)
    page.wait_for_function("document.documentElement.dataset.ready")
    if name == "print":
        page.emulate_media(media="print")
        page.wait_for_timeout(300)
        assert not page.get_by_role("button", name="Zoom in").is_visible()
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], "nothing runs off the edge"
    photo, world = (page.locator(f"figure.{kind}").bounding_box() for kind in ("photo", "map"))
    beside = abs(photo["y"] - world["y"]) < 2
    assert beside == (name != "phone")
    assert page.failures == []
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"page-{name}.png", full_page=True)


@pages
def test_the_map_moves_without_a_network(open_page):
    cells = geonb.Cells(leaf_ids(np.array(FIJI)), np.array(FIJI))
    belief = Belief(cells, np.array(SHARES, np.float32))
    case = replace(predictions(FIJI, (-16.7, -179.99)), belief=belief)
    page = open_page(case, reduced_motion="reduce")
    page.wait_for_function("document.documentElement.dataset.ready")
    spots = "[...document.querySelectorAll('.pin')].map((p) => p.getBoundingClientRect().x)"
    bar = page.locator(".bar text")
    assert bar.text_content() == "100 km"
    before = page.evaluate(spots)
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").click()
    assert bar.text_content() == "20 km"
    page.get_by_text("World", exact=True).click()
    assert not bar.is_visible()
    assert max(page.evaluate(spots)) - min(page.evaluate(spots)) < 100
    page.screenshot(path=ARTEFACTS / "page-world.png")
    page.locator("[data-guess='4']").click()  # Samoa
    assert bar.is_visible()
    page.get_by_text("Answer", exact=True).click()
    assert page.evaluate(spots) == pytest.approx(before, abs=0.5)
    box = page.locator(".atlas").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 360, box["y"] + 200, steps=4)
    page.mouse.up()
    moved = np.array(page.evaluate(spots)) - before
    assert moved == pytest.approx(60, abs=3)
    page.locator(".atlas").focus()
    page.keyboard.press("0")
    assert not bar.is_visible()
    assert page.failures == []
    assert page.locator(".atlas").get_attribute("aria-label").startswith("Map with 5 numbered pins")


@pages
def test_without_scripts_it_still_shows_the_answer(example, open_page):
    page = open_page(example, java_script_enabled=False)
    assert page.locator("h1").inner_text() == str(example[0].town)
    assert page.locator(".pin.best").is_visible()
    assert page.locator(".locator").is_visible()
    assert not page.locator(".tools").is_visible()
    page.screenshot(path=ARTEFACTS / "page-no-script.png")


@pages
def test_a_script_that_fails_says_so(open_page):
    page = open_page(CASES["tokyo"])
    page.add_init_script(
        "Element.prototype.setPointerCapture = null; JSON.parse = () => { throw Error('no') }"
    )
    page.reload()
    page.get_by_text("The map stands still here: this browser stopped its script (no).").wait_for()
