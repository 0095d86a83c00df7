import json
import re

import pytest

from geonb_lab.trips.confirmed import confirmed_labels
from geonb_lab.trips.page import show_trip, trip_page, write_trip_page
from geonb_lab.trips.trip import connect
from support.trips import MINI, cell_near, reading

PARIS, ROME = (48.8566, 2.3522), (41.9028, 12.4964)


@pytest.fixture(scope="module")
def trip():
    """Two days in Paris, of which one place is known, one in Rome, and a photo without a time."""
    paris, rome = cell_near(PARIS), cell_near(ROME)
    hours = [0, 1, 25, 26, 49, 50, None]
    towards = [paris, paris, paris, rome, rome, rome, paris]
    return connect(MINI, reading(hours, towards, 0.8, known={1: PARIS}))


def test_the_page_holds_what_the_trip_says_and_needs_nothing_else(trip):
    page = trip_page(trip)
    (text,) = re.findall(
        r'<script type="application/json" id="photos">(.*?)</script>', page, re.DOTALL
    )
    cards = json.loads(text)
    assert [card["name"] for card in cards] == [f"{i}.jpg" for i in range(7)]
    assert [bool(card["known"]) for card in cards] == [i == 1 for i in range(7)]
    assert "France" in cards[3]["town"] or "Vatican" in cards[3]["town"]
    assert "Vatican" in cards[3]["townAlone"]
    assert cards[6]["day"] == ""
    assert len({card["day"] for card in cards[:6]}) == 3
    assert page.count("class='way'") == 1
    assert not re.search(r"(src|href)=['\"]?https?:", page)
    assert "1 photo has no time" in page


def test_what_photos_are_called_is_only_text(trip):
    trip._solved.read.names[0] = "</script><b>x.jpg"
    try:
        assert "</script><b>" not in trip_page(trip)
    finally:
        trip._solved.read.names[0] = "0.jpg"


def test_a_notebook_shows_the_page_in_a_frame(trip):
    shown = show_trip(trip).data
    assert shown.startswith("<div><iframe title='The trip' srcdoc='")
    assert "<script" not in shown


def test_days_and_cards_to_be_confirmed(trip, chromium, tmp_path):
    write_trip_page(trip, tmp_path / "trip.html")
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((tmp_path / "trip.html").as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.fill("#day", "2")
    assert page.locator("#sheet li").count() == 2
    page.locator("[data-do=accept]").first.click()
    page.locator("[data-do=correct]").nth(1).click()
    page.fill("#sheet input", "Rome")
    page.keyboard.press("Enter")
    assert page.locator("#progress").inner_text().endswith("1 accepted, 1 corrected, 0 skipped.")
    page.click("#undo")
    assert "0 corrected" in page.locator("#progress").inner_text()
    with page.expect_download() as saved:
        page.click("#save")
    rows = json.loads(saved.value.path().read_text())["confirmed"]
    assert [(row["photo"], row["state"]) for row in rows] == [("2.jpg", "accepted")]
    assert rows[0]["place"] == pytest.approx(trip[2].place, abs=1e-4)
    assert rows[0]["km"] > 0, "how far the answer may be off"
    assert len(confirmed_labels(saved.value.path(), ["2.jpg"])) == 1
    assert wrong == []
    page.close()
