import json
import subprocess
import time
import tracemalloc
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import ExifTags, Image

import geonb
from geonb_lab.trips.chain import TripError
from geonb_lab.trips.tracks import read_track
from geonb_lab.trips.trip import connect
from support.exiftool import needs_exiftool
from support.trips import MINI, START, cell_near, reading, track

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet

PARIS, ROME, TOKYO = (48.8566, 2.3522), (41.9028, 12.4964), (35.6895, 139.6917)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC).timestamp()


def gpx(*segments):
    """A file of segments of (seconds after noon, latitude, longitude)."""
    text = "".join(
        "<trkseg>"
        + "".join(
            f'<trkpt lat="{lat:.7f}" lon="{lng:.7f}"><ele>1</ele>'
            f"<time>{datetime.fromtimestamp(NOON + s, UTC):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
            for s, lat, lng in points
        )
        + "</trkseg>"
        for points in segments
    )
    space = 'xmlns="http://www.topografix.com/GPX/1/1"'
    return f'<?xml version="1.0"?><gpx version="1.1" {space}><trk>{text}</trk></gpx>'


def write(folder, text, name="t.gpx"):
    (folder / name).write_text(text)
    return folder / name


WALK = [(60 * i, 48 + 0.001 * i**1.5, 11 - 0.002 * i) for i in range(30)]


def test_gpx(tmp_path):
    found = read_track(write(tmp_path, gpx(WALK, [(9000, 50.0, 12.0)])))
    assert len(found) == 31
    assert found.seconds[0] == NOON
    np.testing.assert_allclose(found.places[1], WALK[1][1:])
    assert found.begins.nonzero()[0].tolist() == [0, 30]


@needs_exiftool
def test_places_are_those_of_exiftool_within_a_metre(tmp_path):
    rng = np.random.default_rng(3)
    steps = np.cumsum(rng.choice([7, 30, 120, 1500], 60))
    way = 48 + np.cumsum(rng.normal(0, 0.02, (60, 2)), 0)
    points = [(int(s), *p) for s, p in zip(steps, way, strict=True)]
    across = [(100_000 + 60 * i, -17.0, (179.98 + 0.003 * i + 180) % 360 - 180) for i in range(20)]
    path = write(tmp_path, gpx(points, across))
    seconds = [*rng.integers(steps[0], steps[-1], 25).tolist(), *range(100_010, 101_000, 130)]
    for i, second in enumerate(seconds):
        exif = Image.Exif()
        when = datetime.fromtimestamp(NOON + second, UTC)
        tags = exif.get_ifd(ExifTags.IFD.Exif)
        tags[ExifTags.Base.DateTimeOriginal] = f"{when:%Y:%m:%d %H:%M:%S}"
        tags[ExifTags.Base.OffsetTimeOriginal] = "+00:00"
        Image.new("RGB", (8, 8)).save(tmp_path / f"{i:03d}.jpg", exif=exif)
    run = ["exiftool", "-q", "-n", "-overwrite_original"]
    photos = [str(tmp_path / f"{i:03d}.jpg") for i in range(len(seconds))]
    subprocess.run([*run, "-geotag", str(path), *photos], check=True)
    theirs = [geonb.open_photo(photo).place for photo in photos]
    ours, _ = read_track(path).at([NOON + s for s in seconds])
    metres = [1000 * geonb.distance(a, b) for a, b in zip(ours, theirs, strict=True)]
    assert max(metres) < 1.0


def test_outside_and_in_gaps_nothing_is_known(tmp_path):
    found = read_track(write(tmp_path, gpx([(0, 1, 1), (60, 2, 2)], [(120, 5, 5), (9000, 6, 6)])))
    places, off = found.at(NOON + np.array([-1, 0, 30, 60, 90, 120, 4000, 9000, 9001]))
    inside = ~np.isnan(off)
    assert inside.tolist() == [False, True, True, True, False, True, False, True, False]
    np.testing.assert_allclose(places[2], (1.5, 1.5))


TIMELINE = {
    "semanticSegments": [
        {
            "startTime": "2024-05-01T14:00:00.000+02:00",
            "endTime": "2024-05-01T15:00:00.000+02:00",
            "timelinePath": [
                {"point": "48.10°, 11.50°", "time": "2024-05-01T14:10:00.000+02:00"},
                {"point": "48.20°, 11.60°", "time": "2024-05-01T14:20:00.000+02:00"},
            ],
        },
        {
            "startTime": "2024-05-01T15:00:00.000+02:00",
            "endTime": "2024-05-01T17:00:00.000+02:00",
            "visit": {"topCandidate": {"placeLocation": {"latLng": "48.3°, 11.7°"}}},
        },
    ],
    "rawSignals": [
        {"position": {"LatLng": "48.15°, 11.55°", "accuracyMeters": 30,
                      "timestamp": "2024-05-01T14:15:00.000+02:00"}},
        {"wifiScan": {}},
    ],
}  # fmt: skip
IPHONE = [
    {"startTime": "2024-05-01T12:00:00Z", "endTime": "2024-05-01T13:00:00Z",
     "timelinePath": [{"point": "geo:48.1,11.5", "durationMinutesOffsetFromStartTime": "10"},
                      {"point": "geo:-48.2,-11.6", "durationMinutesOffsetFromStartTime": "20"}]},
    {"startTime": "2024-05-01T13:00:00Z", "endTime": "2024-05-01T14:00:00Z",
     "visit": {"topCandidate": {"placeLocation": "geo:48.3,11.7"}}},
]  # fmt: skip
RECORDS = {
    "locations": [
        {"latitudeE7": 481000000, "longitudeE7": 115000000, "timestampMs": str(int(NOON * 1000)),
         "accuracy": 20},
        {"latitudeE7": 482000000, "longitudeE7": 116000000, "timestamp": "2024-05-01T12:10:00Z"},
        {"timestamp": "2024-05-01T12:10:00Z"},
    ]
}  # fmt: skip
GEOJSON = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [11.5, 48.1]},
         "properties": {"time": "2024-05-01T12:00:00Z"}},
        {"type": "Feature",
         "geometry": {"type": "LineString", "coordinates": [[11.6, 48.2], [11.7, 48.3, 5]]},
         "properties": {"coordTimes": ["2024-05-01T12:10:00Z", "2024-05-01T12:20:00Z"]}},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("data", "count", "last", "left"),
    [
        (TIMELINE, 5, (48.3, 11.7), 0),
        (IPHONE, 4, (48.3, 11.7), 0),
        (RECORDS, 2, (48.2, 11.6), 1),
        (GEOJSON, 3, (48.3, 11.7), 0),
        (GEOJSON["features"][1], 2, (48.3, 11.7), 0),
    ],
    ids=["Timeline", "iPhone", "Records", "GeoJSON", "one feature of GeoJSON"],
)
def test_json(tmp_path, data, count, last, left):
    found = read_track(write(tmp_path, json.dumps(data), "t.json"))
    assert len(found) == count
    assert tuple(found.places[-1]) == last
    assert found.notes == (
        (f"{left} fixes without a time or a possible place are left out",) if left else ()
    )
    assert (np.diff(found.seconds) >= 0).all()
    assert repr(found).startswith(f"<Track t.json: {count} fixes")
    assert repr(found).count("left out") == bool(left)


def test_accuracy_is_told(tmp_path):
    found = read_track(write(tmp_path, json.dumps(TIMELINE), "t.json"))
    at = found.seconds.searchsorted(NOON + 900)
    assert found.accuracy_km[at] == 0.03
    paris = cell_near(PARIS)
    read = reading([0.5], [paris])
    connect(
        MINI, read, tracks=[track([START, START + 3600 * 0.5, START + 3600], [PARIS, PARIS, PARIS])]
    )
    assert (read[0].known.source, read[0].known.accuracy_km) == ("t.gpx", 0.01)


def test_a_file_that_is_cut_off_keeps_what_was_read(tmp_path):
    found = read_track(write(tmp_path, gpx(WALK)[:1500]))
    assert 5 < len(found) < 30
    assert "cut off after" in found.notes[0]


def test_impossible_fixes_are_left_out(tmp_path):
    text = gpx([(0, 48, 11), (1, 95, 11), (2, 48, 11)]).replace("12:00:02Z", "soon")
    found = read_track(write(tmp_path, text))
    assert len(found) == 1
    assert found.notes == ("2 fixes without a time or a possible place are left out",)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("t.gpx", "", "not a track"),
        ("t.gpx", "<html>", "not a track"),
        ("t.gpx", gpx([]), "no fix"),
        ("t.gpx", '<!DOCTYPE a [<!ENTITY b "c">]><gpx>&b;</gpx>', "not a track"),
        ("t.json", "{", "not a track"),
        ("t.json", "5", "not a track"),
        ("t.json", "{}", "no fix"),
        ("t.json", '{"locations": 5}', "not a track"),
        ("t.json", "[" * 100_000, "not a track"),
    ],
)
def test_what_is_no_track(tmp_path, name, text, why):
    with pytest.raises(TripError, match=why) as error:
        read_track(write(tmp_path, text, name))
    assert "\n" not in str(error.value)


def test_no_file(tmp_path):
    with pytest.raises(TripError, match="cannot read it, expected a track"):
        read_track(tmp_path / "none.gpx")


def test_photos_within_a_track_take_its_place_and_its_ends_bound_the_others():
    rome, tokyo = cell_near(ROME), cell_near(TOKYO)
    hours = [0.5, 3.0]
    seconds = START + 3600 * np.array([0.0, 0.4, 0.8, 1.2])
    trip = connect(MINI, reading(hours, [tokyo, tokyo], 0.6), tracks=[track(seconds, [ROME] * 4)])
    assert trip[0].known.place == pytest.approx(ROME)
    assert trip[1].known is None
    assert trip[1].probabilities.argmax() == rome
    assert trip.notes[0] == "t.gpx: 1 of 2 photos with a time are within it"


def test_a_place_of_its_own_goes_before_the_track_and_is_checked():
    tokyo = cell_near(TOKYO)
    seconds = START + 3600 * np.arange(0, 3, 0.25)
    read = reading([0.5, 1.1, 2.1], [tokyo] * 3, known={1: TOKYO})
    trip = connect(MINI, read, tracks=[track(seconds, [ROME] * 12)])
    assert trip[1].known.source == "EXIF"
    assert any("1.jpg: the others contradict its place (EXIF)" in note for note in trip.notes)


def test_gpx_of_elements_without_end_is_refused(tmp_path):
    """Two million of 6 MB took half a gigabyte, and a gigabyte of them was read."""
    path = write(tmp_path, "<gpx>" + "<a>" * 1000)
    with pytest.raises(TripError, match="more than 100 elements in each other"):
        read_track(path)


def test_gpx_is_read_without_a_tree(tmp_path, monkeypatch):
    """Elements that aren't points were kept: 48 MB of them took 700 MB."""
    monkeypatch.setattr("geonb_lab.trips.tracks.PIECE", 1 << 16)
    path = write(tmp_path, gpx(WALK).replace("<trkpt", "<wpt/>" * 30_000 + "<trkpt", 1))
    tracemalloc.start()
    found = read_track(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == len(WALK)
    assert peak < 1_000_000


LONG = [f"a='{'x' * 10_000_000}'", " ".join(f"a{i}=''" for i in range(300_000))]


@pytest.mark.parametrize("long", LONG, ids=["one", "many"])
def test_a_long_tag_is_refused_at_once(tmp_path, long):
    """Older expat goes over it again with each piece, and attributes take 25 times their bytes."""
    path = write(tmp_path, gpx(WALK).replace("<trkpt", f"<trkpt {long}", 1))
    start = time.monotonic()
    with pytest.raises(TripError, match="a tag or a comment of more than"):
        read_track(path)
    assert time.monotonic() - start < 4


@pytest.mark.parametrize(("name", "text"), [("t.gpx", gpx(WALK)), ("t.json", json.dumps(RECORDS))])
def test_what_is_too_large_is_refused(tmp_path, monkeypatch, name, text):
    monkeypatch.setattr("geonb_lab.trips.tracks.MOST_BYTES", 100)
    with pytest.raises(TripError, match="over 100 bytes; cut the track by years"):
        read_track(write(tmp_path, text, name))


def test_json_of_too_many_parts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("geonb_lab.trips.tracks.MOST_PARTS", 3)
    with pytest.raises(TripError, match="more than 3 objects and lists"):
        read_track(write(tmp_path, json.dumps(RECORDS), "t.json"))


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ({"locations": [RECORDS["locations"][0], "x"]}, "locations, entry 2: expected an object"),
        ({"rawSignals": {"a": 1}}, "rawSignals: expected a list"),
        (
            [{"timelinePath": ["x"]}],
            "semanticSegments, entry 1: timelinePath, entry 1: expected an",
        ),
        ([{}, {"visit": {"topCandidate": 5}}], "entry 2: topCandidate: expected an object"),
        (
            {"features": [{"geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}]},
            "features, entry 1: expected a list of points, and one of as many times",
        ),
    ],
)
def test_a_part_of_another_kind_is_named(tmp_path, data, part):
    with pytest.raises(TripError, match=f"t.json: not a track.*{part}"):
        read_track(write(tmp_path, json.dumps(data), "t.json"))
