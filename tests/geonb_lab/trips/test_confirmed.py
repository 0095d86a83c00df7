"""What was confirmed on a trip's page is written beside the photos, and nothing else is."""

import json

import pytest
from PIL import Image

import geonb
from geonb.errors import GeonbError
from geonb_lab.trips.confirmed import confirmed_labels
from support.command import run_geonb

PARIS, ROME = [48.8566, 2.3522], [41.9028, 12.4964]


@pytest.fixture
def folder(tmp_path):
    """Four photos: three without a place, and the example, which has one."""
    for name in ("a", "b", "c"):
        Image.new("RGB", (64, 64), "grey").save(tmp_path / f"{name}.jpg")
    (tmp_path / "true.jpg").write_bytes(geonb.example_photo().source)
    return tmp_path


def row(folder, name, state="accepted", place=PARIS, km=0):
    return {"photo": str(folder / name), "state": state, "place": place, "km": km}


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


def test_a_place_that_geonb_guessed_is_not_covered_but_kept(folder):
    sidecar = folder / "a.jpg.xmp"
    assert locate(folder, [row(folder, "a.jpg")], "--write-xmp").returncode == 0
    guess = sidecar.read_text().replace("confirmed by a person, with geonb", "estimated by geonb")
    sidecar.write_text(guess)
    done = locate(folder, [row(folder, "a.jpg", place=ROME)], "--write-xmp")
    assert "its sidecar has a place already" in done.stdout
    assert sidecar.read_text() == guess


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
    ids=range(24),
)
def test_a_file_that_is_none_of_the_page_is_one_line(tmp_path, text):
    (tmp_path / "saved.json").write_text(text)
    with pytest.raises(GeonbError) as error:
        confirmed_labels(tmp_path / "saved.json", ["a.jpg"])
    assert str(error.value).startswith(str(tmp_path / "saved.json"))
    assert "\n" not in str(error.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("geonb_lab.trips.confirmed._MOST_BYTES", 10)
    (tmp_path / "saved.json").write_text(json.dumps({"confirmed": [GOOD]}))
    with pytest.raises(GeonbError, match="over 10 bytes"):
        confirmed_labels(tmp_path / "saved.json", ["a.jpg"])
