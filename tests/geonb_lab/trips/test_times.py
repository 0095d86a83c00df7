import io
import json
import struct
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFilter

from geonb.photos.photo import Photo
from geonb_lab.trips.chain import Geometry, TripError
from geonb_lab.trips.shots import KeptBelief, KnownPlace
from geonb_lab.trips.times import read_offset, set_clocks, told
from geonb_lab.trips.trip import connect
from geonb_training.scenes.scene import exif_of
from geonb_training.scenes.trips import drawn_trip
from support.trips import MINI, START, cell_near, reading, track, unzoned

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC).timestamp()
BASE, GPS = ExifTags.Base, ExifTags.GPS


def photo(name="a.jpg", *, inner=(), gps=(), top=(), xmp=b"", kind="JPEG", place=None):
    exif = exif_of(place) if place else Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif).update(dict(inner))
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(dict(gps))
    exif.update(dict(top))
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, kind, exif=exif, **({"xmp": xmp} if xmp else {}))
    return Photo(name, buffer.getvalue())


def packet(properties):
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        '"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop='
        f'"http://ns.adobe.com/photoshop/1.0/" {properties}/></rdf:RDF></x:xmpmeta>'
    ).encode()


TAKEN = (BASE.DateTimeOriginal, "2024:05:01 12:00:00")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_has_no_zone_of_its_own(kind):
    found = told(photo(inner=[TAKEN], top=[(BASE.Make, "A")], kind=kind)).taken
    assert (found.seconds, found.zoned, found.source) == (NOON, False, "EXIF")


def test_a_guessed_hemisphere_pins_no_photo():
    """Melbourne was pinned in the north, and its neighbours with it."""
    south = [(GPS.GPSLatitude, (37.0, 48.0, 0.0)), (GPS.GPSLongitude, (144.0, 58.0, 0.0))]
    letters = [(GPS.GPSLatitudeRef, "S"), (GPS.GPSLongitudeRef, "E")]
    assert told(photo(gps=[*south, *letters])).known.place == pytest.approx((-37.8, 144.96667))
    assert told(photo(gps=south)).known is None


def test_exif_with_parts_of_a_second_and_a_zone():
    inner = [TAKEN, (BASE.SubsecTimeOriginal, "25"), (BASE.OffsetTimeOriginal, "+02:00")]
    found = told(photo(inner=inner)).taken
    assert found.seconds == pytest.approx(NOON - 7200 + 0.25)
    assert found.zoned


def test_cr3_keeps_the_time_in_a_block_of_its_own():
    def box(name, *parts):
        body = b"".join(parts)
        return struct.pack(">L4s", len(body) + 8, name) + body

    exif, uuid = Image.Exif(), bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    exif[BASE.DateTimeOriginal] = "2024:05:01 12:00:00"
    facts = box(b"moov", box(b"uuid", uuid, box(b"CMT2", exif.tobytes()[6:])))
    Image.new("RGB", (1024, 768)).save(buffer := io.BytesIO(), "JPEG")
    head = bytes(6) + struct.pack(">HHHL", 1024, 768, 1, len(buffer.getvalue()))
    inner = struct.pack(">LL", 0, 1), box(b"PRVW", head, buffer.getvalue())
    preview = box(b"uuid", bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16"), *inner)
    data = box(b"ftyp", b"crx ", bytes(4), b"crx isom") + facts + preview
    assert told(Photo("a.cr3", data)).taken.seconds == NOON


def test_gps_tells_utc_and_goes_before_a_clock_without_a_zone():
    gps = [(GPS.GPSDateStamp, "2024:05:01"), (GPS.GPSTimeStamp, (10.0, 0.0, 3.0))]
    found = told(photo(inner=[TAKEN], gps=gps)).taken
    assert (found.seconds, found.zoned, found.source) == (NOON - 7200 + 3, True, "GPS")


def test_when_a_photo_was_scanned_or_changed_is_not_when_it_was_taken():
    scan = photo(inner=[(BASE.DateTimeDigitized, "2024:05:01 12:00:00")],
                 top=[(BASE.DateTime, "2024:05:01 12:00:00")])  # fmt: skip
    assert told(scan).taken is None


@pytest.mark.parametrize(
    ("name", "seconds", "zoned"),
    [
        ("IMG_20240501_120000.jpg", NOON, False),
        ("PXL_20240501_120000123.MP.jpg", NOON, True),
        ("20240501_120000.jpg", NOON, False),
        ("Screenshot_20240501-120000.png", NOON, False),
        ("2024-05-01 12.00.00.jpg", NOON, False),
        ("signal-2024-05-01-12-00-00-000.jpg", NOON, False),
        ("IMG-20240501-WA0012.jpg", None, False),
        ("IMG_20249901_120000.jpg", None, False),
        ("DSC_0001.jpg", None, False),
    ],
)
def test_names_of_files(name, seconds, zoned):
    found = told(photo(name)).taken
    assert (found and (found.seconds, found.zoned)) == (seconds and (seconds, zoned))


@pytest.mark.parametrize(
    "year", ["1970:01:01", "0000:00:00", f"{datetime.now(UTC).year + 10}:01:01", "1969:01:01"]
)
def test_a_clock_that_was_never_set_tells_nothing(year):
    found = told(photo(inner=[(BASE.DateTimeOriginal, f"{year} 12:00:00")]))
    assert found.taken is None
    assert found.unset == (not year.startswith("0000"))


@pytest.mark.parametrize("broken", ["yesterday", "2024:13:45 99:99:99", ""])
def test_broken_times_are_none(broken):
    assert told(photo(inner=[(BASE.DateTimeOriginal, broken)])).taken is None


def test_the_camera_is_its_make_model_and_number():
    found = told(photo(top=[(BASE.Make, "Canon"), (BASE.Model, "Canon EOS 5D")],
                       inner=[(BASE.BodySerialNumber, "042")]))  # fmt: skip
    assert found.camera == "Canon Canon EOS 5D 042"


def test_xmp_in_the_file_and_beside_it(tmp_path):
    inside = packet('exif:DateTimeOriginal="2024-05-01T14:00:00+02:00"')
    assert told(photo(xmp=inside)).taken.seconds == NOON
    path = tmp_path / "a.jpg"
    place = 'exif:GPSLatitude="48,51.4N" exif:GPSLongitude="2,21.1E"'
    (tmp_path / "a.jpg.xmp").write_bytes(
        packet(f'photoshop:DateCreated="2024-05-01T12:00:00" {place}')
    )
    found = told(replace(photo(), path=path))
    assert (found.taken.seconds, found.taken.zoned) == (NOON, False)
    assert found.known.place == pytest.approx((48 + 51.4 / 60, 2 + 21.1 / 60))


def test_a_place_that_geonb_estimated_is_not_a_known_one(tmp_path):
    ours = 'exif:GPSLatitude="48,51.4N" exif:GPSLongitude="2,21.1E" '
    ours += 'exif:GPSProcessingMethod="estimated by geonb, mini"'
    (tmp_path / "a.xmp").write_bytes(packet(ours))
    assert told(replace(photo(), path=tmp_path / "a.jpg")).known is None


@pytest.mark.parametrize("ending", [".json", ".supplemental-metadata.json", ".suppl.json"])
def test_takeout_tells_utc_and_a_place(tmp_path, ending):
    name = "a.jpg" if ending != ".suppl.json" else "a-name-of-more-than-thirty-characters.jpg"
    ending = (
        ending if ending != ".suppl.json" else ".supplemental-metadata"[: 46 - len(name)] + ".json"
    )
    record = {"photoTakenTime": {"timestamp": str(int(NOON))},
              "geoData": {"latitude": 48.5, "longitude": 2.5}}  # fmt: skip
    (tmp_path / f"{name}{ending}").write_text(json.dumps(record))
    found = told(replace(photo(name, inner=[TAKEN]), path=tmp_path / name))
    assert (found.taken.seconds, found.taken.zoned) == (NOON, True)
    assert found.known.place == (48.5, 2.5)
    assert found.known.source.endswith("(Google Takeout)")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"photoTakenTime": 5}', '{"geoData": {"latitude": "x"}}']
)
def test_broken_takeout_tells_nothing(tmp_path, text):
    (tmp_path / "a.jpg.json").write_text(text)
    found = told(replace(photo(), path=tmp_path / "a.jpg"))
    assert (found.taken, found.known) == (None, None)


def test_exif_goes_before_what_lies_beside(tmp_path):
    (tmp_path / "a.jpg.json").write_text('{"geoData": {"latitude": 1.0, "longitude": 2.0}}')
    known = told(replace(photo(place=(48.0, 11.0)), path=tmp_path / "a.jpg")).known
    assert known.source == "EXIF"
    assert known.place == pytest.approx((48.0, 11.0))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("+02:00", 7200), ("-03:30", -12600), ("+26:00", 93600), ("-00:00:30", -30)],
)
def test_offsets(text, seconds):
    assert read_offset(text) == seconds


@pytest.mark.parametrize("text", ["2", "+2", "+02:60", "Berlin", ""])
def test_what_is_no_offset(text):
    with pytest.raises(TripError, match=r"such as \+02:00"):
        read_offset(text)


PARIS, ROME, TOKYO = (48.8566, 2.3522), (41.9028, 12.4964), (35.6895, 139.6917)
GEOMETRY = Geometry(MINI.cells)
HOURS = [0, 1, 2, 10, 11, 12, 20, 21, 22]
"""The phone: in Paris, in Rome at 10, in Paris again at 20."""


def two(hours, zoned, cities=(PARIS, ROME, PARIS), phone=HOURS):
    """A phone whose times are sure, and a camera that was at the same places at ``hours``."""
    there = [cell_near(city) for city in cities for _ in range(3)]
    places = [cell_near(city) for city in (PARIS, ROME, PARIS) for _ in range(3)]
    cameras = ["Phone"] * len(phone) + ["Canon EOS"] * len(hours)
    shots = reading([*phone, *hours], [*places[: len(phone)], *there], 0.9, cameras=cameras)
    for shot in shots[len(phone) :]:
        shot.taken = shot.taken if zoned else unzoned(shot.taken)
    return shots


def hours_of(shots):
    return [(shot.taken.seconds - START) / 3600 for shot in shots]


@pytest.mark.parametrize("wrong", [-24, 24])
def test_a_clock_that_is_a_day_wrong_is_found_and_told(wrong):
    shots = two([h + wrong + 0.5 for h in HOURS], zoned=True)
    (note,) = set_clocks(shots, GEOMETRY)
    assert note == f"Canon EOS: its clock is {wrong:+g} h off beside the others; corrected".replace(
        f"{wrong:+g}", f"{'-' if wrong < 0 else '+'}{abs(wrong)}"
    )
    assert hours_of(shots[9:]) == [h + 0.5 for h in HOURS]


def test_a_phone_that_knows_places_is_right_though_a_camera_has_more_photos():
    hours = [h - 24 + m for h in HOURS for m in (0.25, 0.5)]
    shots = two(hours, zoned=True, cities=(PARIS, PARIS, ROME, ROME, PARIS, PARIS))
    shots[0].known, shots[3].known = KnownPlace(PARIS, "EXIF"), KnownPlace(ROME, "EXIF")
    assert set_clocks(shots, GEOMETRY) == [
        "Canon EOS: its clock is -24 h off beside the others; corrected"
    ]
    assert hours_of(shots[:9]) == HOURS


@pytest.mark.parametrize("number", [7, 10])
def test_a_weak_model_makes_no_clock_wrong_and_nobody_another_person(number):
    trip = drawn_trip(number, photos=28, seed=11)
    images = [scene.image.filter(ImageFilter.GaussianBlur(3)) for scene in trip.scenes()]
    known = {i: trip.places[i] for i in range(0, 28, 4)}
    shots = reading(trip.hours, [0] * 28, known=known, cameras=["Phone", "Canon"] * 14)
    for shot, row in zip(shots, MINI.probabilities(images), strict=True):
        shot.belief = KeptBelief.of(row)
    assert set_clocks(shots, GEOMETRY) == []


def test_a_burst_is_no_more_of_a_witness_than_one_photo():
    hours = [0, 2, *[2 + i / 1800 for i in range(8)]]
    paris, rome = cell_near(PARIS), cell_near(ROME)
    cameras = ["Phone", *["Phone", "Canon"] * 4, "Phone"]
    towards = [rome, *[paris, rome] * 4, paris]
    assert set_clocks(reading(hours, towards, 0.9, cameras=cameras), GEOMETRY) == []


def test_a_clock_that_is_right_is_left_alone():
    shots = two([h + 0.5 for h in HOURS], zoned=True)
    before = [shot.taken for shot in shots]
    assert set_clocks(shots, GEOMETRY) == []
    assert [shot.taken for shot in shots] == before


def test_an_unknown_zone_is_found_by_where_photos_are():
    shots = two([h + 9.5 for h in HOURS], zoned=False)
    (note,) = set_clocks(shots, GEOMETRY)
    assert "times without a zone, taken as UTC+" in note
    assert hours_of(shots)[9] == pytest.approx(
        0.5, abs=1.01
    )  # an hour more or less explains them as well
    assert all(shot.taken.zoned for shot in shots)


def test_without_anything_better_the_zone_is_that_of_the_sun():
    tokyo = (TOKYO, TOKYO, TOKYO)
    shots = two([500 + h for h in HOURS], zoned=False, cities=tokyo)
    (note,) = set_clocks(shots, GEOMETRY)
    assert "UTC+9 h, by where its photos are" in note


def test_given_clocks_are_taken():
    for name in ("camera", "canon", "Canon EOS"):
        shots = two([h + 2.5 for h in HOURS], zoned=False)
        assert set_clocks(shots, GEOMETRY, given={name: "+02:00"}) == []
        assert hours_of(shots)[9] == 0.5
    with pytest.raises(
        TripError, match=r"no camera is called 'Nikon'; there are: Phone, Canon EOS"
    ):
        set_clocks(two(HOURS, zoned=False), GEOMETRY, given={"Nikon": "+02:00"})


def test_a_camera_that_was_elsewhere_all_the_time_is_another_persons():
    shots = two([h + 0.25 for h in HOURS], zoned=True, cities=(TOKYO, TOKYO, TOKYO))
    (note,) = set_clocks(shots, GEOMETRY)
    assert "another person's" in note
    trip = connect(MINI, shots)
    assert len(trip.parts) == 2
    assert trip[9].probabilities.argmax() == cell_near(TOKYO)
    assert trip[0].probabilities.argmax() == cell_near(PARIS)


def test_a_track_is_a_clock_too():
    seconds = START + 3600 * np.arange(0, 23, 0.25)
    places = [ROME if 9.5 < (s - START) / 3600 < 13 else PARIS for s in seconds]
    shots = two([h + 9.5 for h in HOURS], zoned=False, phone=[])
    (note,) = set_clocks(shots, GEOMETRY, [track(seconds, places)])
    assert "UTC+" in note
    assert hours_of(shots)[0] == pytest.approx(0.5, abs=1.6)


def test_a_track_goes_before_a_camera_that_says_its_zone():
    seconds = START + 3600 * np.arange(0, 23, 0.25)
    places = [ROME if 9.5 < (s - START) / 3600 < 13 else PARIS for s in seconds]
    shots = two([h + 24.5 for h in HOURS], zoned=True, phone=[])
    (note,) = set_clocks(shots, GEOMETRY, [track(seconds, places)])
    assert note == "Canon EOS: its clock is +24 h off beside the others; corrected"
    assert hours_of(shots) == [h + 0.5 for h in HOURS]


def test_one_camera_without_a_zone_is_left_as_it_is():
    shots = reading(HOURS, [cell_near(PARIS)] * 9, cameras=["Canon"] * 9)
    for shot in shots:
        shot.taken = unzoned(shot.taken)
    assert set_clocks(shots, GEOMETRY) == []
    assert shots[0].taken.seconds == START
