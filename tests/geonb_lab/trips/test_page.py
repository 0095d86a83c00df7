import json
import re
from dataclasses import replace
from html import unescape

import pytest
from PIL import Image

import geonb
from geonb.errors import GeonbError, OutputError
from geonb.photos.photo import Photo
from geonb_lab.trips.page import confirmed_labels, show_trip, trip_page, write_trip_page
from geonb_lab.trips.trip import connect, locate_trip
from support.command import run_geonb
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


def test_a_photo_of_the_own_network_is_shown_where_that_was_allowed(base):
    trip = locate_trip(MINI, [f"{base}/photo"], progress=False, allow_private=True)
    assert '"thumb":"UklGR' in trip_page(trip)  # RIFF, which begins a WebP


def test_towns_beyond_180_degrees_have_longitudes_that_can_be_saved():
    fiji = connect(MINI, reading([0], [0], known={0: (-17.0, 179.5)}))
    towns = json.loads(unescape(re.findall(r"data-towns='(.*?)'", trip_page(fiji))[0]))
    assert all(abs(lng) <= 180 for _, lng, _ in towns)


def of_one(*, name="a.jpg", source=None):
    """A trip of one photo, called so, that came from there."""
    (shot,) = reading([0], [0])
    return connect(MINI, [replace(shot, name=name, source=source or shot.source)])


def test_what_photos_are_called_is_only_text():
    assert "</script><b>" not in trip_page(of_one(name="</script><b>x.jpg"))


def test_a_notebook_shows_the_page_in_a_frame(trip):
    shown = show_trip(trip).data
    assert shown.startswith("<div><iframe title='The trip' srcdoc='")
    assert "<script" not in shown


def test_the_page_is_not_written_over_a_photo_or_another_file(trip, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    page = tmp_path / "a.html"
    page.write_bytes(b"a photo")
    for source in ("~/a.html", Photo("a", b"", path=page)):
        with pytest.raises(OutputError, match="is an input"):
            write_trip_page(of_one(source=source), page, overwrite=True)
    with pytest.raises(OutputError, match="is there already"):
        write_trip_page(trip, page)
    assert page.read_bytes() == b"a photo"


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
    page.fill("#sheet input", "Honolulu")
    page.keyboard.press("Enter")
    assert page.locator("#progress").inner_text().endswith("1 accepted, 1 corrected, 0 skipped.")
    page.click("#undo")
    assert "0 corrected" in page.locator("#progress").inner_text()
    with page.expect_download() as saved:
        page.click("#save")
    rows = json.loads(saved.value.path().read_text())["confirmed"]
    states = {row["photo"]: row["state"] for row in rows}
    assert states == dict.fromkeys([f"{i}.jpg" for i in (0, 3, 4, 5, 6)], "open") | {
        "2.jpg": "accepted"
    }
    assert rows[1]["place"] == pytest.approx(trip[2].place, abs=1e-4)
    assert rows[1]["km"] > 0, "how far the answer may be off"
    assert len(confirmed_labels(saved.value.path(), [f"{i}.jpg" for i in range(7)], 0.5)) == 6
    assert wrong == []
    page.close()


@pytest.fixture
def folder(tmp_path):
    """Four photos: three without a place, and the example, which has one."""
    for name in ("a", "b", "c"):
        Image.new("RGB", (64, 64), "grey").save(tmp_path / f"{name}.jpg")
    (tmp_path / "true.jpg").write_bytes(geonb.example_photo().source)
    return tmp_path


def row(folder, name, state="accepted", place=PARIS, km=0, sure=0.9):
    return {"photo": str(folder / name), "state": state, "place": place, "km": km, "sure": sure}


def locate(folder, rows, *options):
    saved = folder / "confirmed.json"
    saved.write_text(json.dumps({"confirmed": rows}))
    return run_geonb("locate", folder, "--confirmed", saved, *options)


def test_what_was_confirmed_is_written_and_taken_back(folder):
    rows = [
        row(folder, "a.jpg", km=80.5),
        row(folder, "b.jpg", "corrected", ROME),
        row(folder, "c.jpg", "skipped", None),
        row(folder, "true.jpg"),
    ]
    dry = locate(folder, rows, "--dry-run")
    assert (dry.returncode, [*folder.glob("*.xmp")]) == (0, []), dry.stderr
    before = {path: path.read_bytes() for path in folder.glob("*.jpg")}
    done = locate(folder, rows, "--write-xmp")
    assert done.returncode == 0, done.stderr
    assert "2  labels written" in done.stdout
    assert "1  labels not written: skipped" in done.stdout
    assert "1  labels not written: has a place already" in done.stdout
    assert {path.name for path in folder.glob("*.xmp")} == {"a.jpg.xmp", "b.jpg.xmp"}
    accepted, corrected = ((folder / f"{name}.jpg.xmp").read_text() for name in "ab")
    assert "confirmed by a person" in accepted
    assert "80500/1" in accepted
    assert "photoshop:City" not in accepted
    assert "GPSHPositioningError" not in corrected
    assert "photoshop:City" in corrected
    assert geonb.open_photo(folder / "a.jpg").place == pytest.approx(PARIS, abs=1e-5)
    again = locate(folder, [row(folder, "a.jpg", place=ROME)], "--write-xmp")
    assert "not written: has a place already" in again.stdout
    assert (folder / "a.jpg.xmp").read_text() == accepted
    assert "removed 2 labels" in run_geonb("unlabel", folder).stdout
    assert not [*folder.glob("*.xmp")]
    assert {path: path.read_bytes() for path in folder.glob("*.jpg")} == before


def test_what_was_not_confirmed_is_marked_and_gives_way_to_what_is(folder):
    rows = [
        row(folder, "a.jpg", "open", km=80),
        row(folder, "b.jpg", "open", sure=0.2),
        row(folder, "true.jpg", "open"),
    ]
    done = locate(folder, rows, "--write-xmp")
    assert "1  labels written" in done.stdout
    assert "1  labels not written: the answer is not sure" in done.stdout
    assert "1  labels not written: has a place already" in done.stdout
    (sidecar,) = folder.glob("*.xmp")
    assert "estimated by geonb, not confirmed" in sidecar.read_text()
    assert geonb.open_photo(folder / "a.jpg").place is None
    assert "has a place already" in locate(folder, rows[:1], "--write-xmp").stdout
    confirmed = [row(folder, "a.jpg", "corrected", ROME)]
    assert "1  labels written" in locate(folder, confirmed, "--write-xmp").stdout
    assert "estimated" not in sidecar.read_text()
    assert "80000" not in sidecar.read_text()
    assert geonb.open_photo(folder / "a.jpg").place == pytest.approx(ROME, abs=1e-5)
    assert "removed 1 labels" in run_geonb("unlabel", folder).stdout
    assert not sidecar.exists()


def test_an_estimate_that_somebody_changed_is_theirs(folder):
    sidecar = folder / "a.jpg.xmp"
    assert locate(folder, [row(folder, "a.jpg", "open")], "--write-xmp").returncode == 0
    text = sidecar.read_text()
    changed = text.replace('exif:GPSLatitude="48', 'exif:GPSLatitude="47')
    assert changed != text
    sidecar.write_text(changed)
    done = locate(folder, [row(folder, "a.jpg", place=ROME)], "--write-xmp")
    assert "has a place already" in done.stdout
    assert sidecar.read_text() == changed


def test_it_writes_and_does_nothing_else(folder):
    rows = [row(folder, "a.jpg")]
    for options in ((), ("--write-xmp", "--together"), ("--write-xmp", "--out", folder / "t.csv")):
        run = locate(folder, rows, *options)
        assert run.returncode == 2
        assert "--confirmed needs" in run.stderr
    assert not [*folder.glob("*.xmp")]


def test_a_sidecar_that_cannot_be_read_is_told_and_the_rest_goes_on(folder):
    (folder / "a.jpg.xmp").write_text("no XML")
    run = locate(folder, [row(folder, "a.jpg"), row(folder, "b.jpg")], "--write-xmp")
    assert run.returncode == 2
    assert "1  labels written" in run.stdout
    assert (folder / "a.jpg.xmp").read_text() == "no XML"


GOOD = {"photo": "a.jpg", "state": "accepted", "place": PARIS, "km": 0}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "[]",
        '{"confirmed": 1}',
        '{"confirmed": [1]}',
        '{"confirmed": [{}]}',
        *(
            json.dumps({"confirmed": [GOOD | wrong]})
            for wrong in (
                {"photo": "/etc/passwd"},
                {"photo": "../a.jpg"},
                {"photo": ["a.jpg"]},
                {"state": "maybe"},
                {"state": []},
                {"state": "open"},
                {"state": "open", "sure": "1"},
                {"place": None},
                {"place": "12"},
                {"place": [1]},
                {"place": [1, 2, 3]},
                {"place": [91, 0]},
                {"place": [0, -181]},
                {"place": [True, 0]},
                {"place": ["1", 0]},
                {"place": [float("nan"), 0]},
                {"km": -1},
                {"km": float("inf")},
                {"km": None},
            )
        ),
        json.dumps({"confirmed": [GOOD, GOOD]}),
    ],
    ids=range(26),
)
def test_a_file_that_is_none_of_the_page_is_one_line(tmp_path, text):
    (tmp_path / "saved.json").write_text(text)
    with pytest.raises(GeonbError) as error:
        confirmed_labels(tmp_path / "saved.json", ["a.jpg"], 0.5)
    assert str(error.value).startswith(str(tmp_path / "saved.json"))
    assert "\n" not in str(error.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("geonb_lab.trips.page.MOST_BYTES", 10)
    (tmp_path / "saved.json").write_text(json.dumps({"confirmed": [GOOD]}))
    with pytest.raises(GeonbError, match="over 10 bytes"):
        confirmed_labels(tmp_path / "saved.json", ["a.jpg"], 0.5)
