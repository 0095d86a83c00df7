"""The contact sheet of many photos, in a real browser with the network cut."""

import pytest
from PIL import Image

import geonb
from geonb_lab.many.album import write_album
from support.album import NAMES, rows
from support.browser import ARTEFACTS
from support.command import run_geonb
from support.pictures import picture

pytestmark = pytest.mark.newest


@pytest.fixture
def folder(tmp_path):
    """The example photos, a broken one, and one with a name that is a trap."""
    for name in NAMES:
        (tmp_path / f"{name}.jpg").write_bytes(geonb.example_photo(name).source)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    picture().save(tmp_path / "<img src=x onerror=alert(1)>.jpg")
    return tmp_path


@pytest.fixture
def open_album(chromium):
    """Open a page from disk; it may ask for nothing, and no script may fail."""
    contexts = []

    def open_(path, **options):
        context = chromium.new_context(reduced_motion="reduce", **options)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        failures = page.failures = []
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.on("requestfailed", lambda request: failures.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("#sheet li")
        return page

    yield open_
    for context in contexts:
        context.close()


def test_a_folder_becomes_a_contact_sheet(folder, open_album):
    run = run_geonb("locate", folder, "--model", "mini", "--page", "album.html", cwd=folder)
    assert run.returncode == 2  # one is broken
    page = open_album(folder / "album.html", viewport={"width": 1280, "height": 900})
    assert page.locator("#sheet li").count() == 6
    assert "1 of them could not be located" in page.locator("#shown").inner_text()
    assert "not a picture" in page.locator("#sheet .failed").inner_text()
    towns = page.locator("#sheet li:not(.failed) b").all_inner_texts()
    predicted = [
        geonb.predict(geonb.load_model("mini"), folder / f"{name}.jpg")[0].town.full_name
        for name in NAMES
    ]
    assert set(predicted) <= set(towns)
    counts = page.locator(".group text").all_text_contents()
    assert sum(map(int, counts)) == 5
    page.locator("select[name=country]").select_option(label=predicted[1].rpartition(", ")[2])
    shown = page.locator("#sheet b").all_inner_texts()
    assert predicted[1] in shown
    assert {town.rpartition(", ")[2] for town in shown} == {predicted[1].rpartition(", ")[2]}
    assert page.failures == []
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "album.png")


def test_a_photo_of_the_own_network_is_shown_where_that_was_allowed(base, tmp_path):
    options = ("--model", "mini", "--allow-private", "--page", "album.html")
    run_geonb("locate", f"{base}/photo", *options, cwd=tmp_path)
    page = (tmp_path / "album.html").read_text(encoding="utf-8")
    assert 'addThumbs(["UklGR' in page  # RIFF, which begins a WebP


def test_a_photo_unlike_all_that_mini_has_seen_is_no_town_first(tmp_path, open_album):
    Image.effect_noise((300, 240), 60).save(tmp_path / "noise.png")
    assert geonb.predict(geonb.load_model("mini"), tmp_path / "noise.png").warning
    run_geonb("locate", tmp_path, "--model", "mini", "--page", "album.html", cwd=tmp_path)
    card = open_album(tmp_path / "album.html").locator("#sheet li")
    assert card.locator("b").inner_text() == "unlike all that the model has seen"


def test_thousands_of_photos_have_cards_only_where_one_looks(folder, open_album):
    write_album(rows([folder / "lima.jpg"], 2000), folder / "album.html")
    page = open_album(folder / "album.html", viewport={"width": 1280, "height": 900})
    assert 10 < page.locator("#sheet li").count() < 120
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector("#sheet li[aria-posinset='2000']")
    assert page.locator("#sheet li").count() < 120
    assert page.evaluate("[...document.querySelectorAll('#sheet img')].every((i) => i.src)")
    page.locator("select[name=radius]").select_option("25")
    assert page.locator("#shown").inner_text() == "26 shown"


def test_a_photo_costs_little_and_the_first_cards_wait_for_no_thumbnail(folder, open_album):
    write_album(rows([folder / f"{name}.jpg" for name in NAMES], 1000), folder / "album.html")
    text = (folder / "album.html").read_text()
    start = text.index('id="photos"')  # before it: the style and the world
    assert len(text) - start < 1000 * 4000
    (folder / "part.html").write_text(text[: text.index("<script>addThumbs")])
    page = open_album(folder / "part.html")
    assert page.locator("#sheet li").count() > 10
    assert page.locator("#sheet img[src]").count() == 0
    page.close()
    page = open_album(folder / "album.html")
    pictures = "[...document.querySelectorAll('#sheet img')].map((i) => i.naturalWidth)"
    page.wait_for_function(f"{pictures}.every((width) => width > 0)")


def test_a_group_on_the_map_shows_its_photos(folder, open_album):
    write_album(rows([folder / "lima.jpg"], 300), folder / "album.html")
    page = open_album(folder / "album.html", viewport={"width": 1280, "height": 900})
    groups = page.locator(".group")
    several, members = groups.count(), int(groups.last.locator("text").text_content())
    groups.last.focus()
    page.keyboard.press("Enter")
    assert page.locator("#shown").inner_text().startswith(f"{members} shown")
    page.get_by_text("World", exact=True).click()
    assert page.locator("#shown").inner_text() == "300 shown"
    assert page.locator(".group").count() == several


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1024, "dark")])
def test_nothing_runs_off_the_edge(folder, open_album, width, scheme):
    write_album(rows([folder / f"{name}.jpg" for name in NAMES], 24), folder / "album.html")
    page = open_album(
        folder / "album.html", viewport={"width": width, "height": 844}, color_scheme=scheme
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=ARTEFACTS / f"album-{width}.png")
