"""Places that stand beside a photo: XMP sidecars in every layout, and Google Takeout's JSON."""

import json
import os

import pytest

import geonb
from support.pictures import PLACE, encoded, exif, picture

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet

HEAD = """<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:geonb="https://pypi.org/project/geonb/xmp/" """
TAIL = "</rdf:Description></rdf:RDF></x:xmpmeta>"
SYDNEY = 'exif:GPSLatitude="33,51.408S" exif:GPSLongitude="151,12.918E"'


def sidecar(attributes=SYDNEY, elements=""):
    return f"{HEAD}{attributes}>{elements}{TAIL}"


@pytest.fixture
def photo(tmp_path):
    """A photo without a place in it."""
    path = tmp_path / "IMG_1234.jpg"
    path.write_bytes(encoded(picture(), "JPEG"))
    return path


@pytest.mark.parametrize(
    "name",
    ["IMG_1234.jpg.xmp", "IMG_1234.xmp", "IMG_1234.JPG.XMP", "img_1234.Xmp", "IMG_1234.jpg.XMP"],
)
def test_a_sidecar_of_any_name_and_case(photo, name):
    assert geonb.open_photo(photo).place is None
    (photo.parent / name).write_text(sidecar())
    found = geonb.open_photo(photo)
    assert found.place == pytest.approx(PLACE, abs=1e-4)
    assert found.place_source == name


def test_of_several_the_one_with_a_place_counts(photo):
    (photo.parent / "IMG_1234.jpg.xmp").write_text(sidecar(attributes=""))
    (photo.parent / "IMG_1234.xmp").write_text(sidecar())
    assert geonb.open_photo(photo).place_source == "IMG_1234.xmp"


def test_a_sidecar_is_a_later_word_than_the_cameras(photo):
    photo.write_bytes(encoded(picture(), "JPEG", exif=exif(place=(1.0, 2.0))))
    assert geonb.open_photo(photo).place_source == "EXIF"
    (photo.parent / "IMG_1234.xmp").write_text(sidecar())
    assert geonb.open_photo(photo).place == pytest.approx(PLACE, abs=1e-4)


@pytest.mark.parametrize(
    ("changed", "known"), [({}, False), ({"exif:GPSLatitude": "33,52.0000S"}, True)]
)
def test_what_geonb_guessed_is_not_known_until_somebody_changes_it(photo, changed, known):
    wrote = {"exif:GPSLatitude": "33,51.408S", "exif:GPSLongitude": "151,12.918E"} | changed
    mark = json.dumps(wrote).replace('"', "&quot;")
    (photo.parent / "IMG_1234.xmp").write_text(sidecar(f'{SYDNEY} geonb:wrote="{mark}"'))
    assert (geonb.open_photo(photo).place is not None) == known


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\0" * 99, b"<x", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", b"\xff\xfe<",
        sidecar().encode()[:-30], b"<a>" * 100_000,
        ("<a " + " ".join(f'xmlns:n{i}="u{i}"' for i in range(8000)) + "/>").encode(),
        b"<a>" + b"<b/>" * 2_000_000 + b"</a>",
    ],
    ids=range(9),
)  # fmt: skip
def test_a_sidecar_that_is_none_tells_nothing(photo, data):
    (photo.parent / "IMG_1234.xmp").write_bytes(data)
    assert geonb.open_photo(photo).place is None
    assert geonb.open_photo(photo).size == (96, 64)


def test_pipes_and_folders_are_not_read(photo):
    os.mkfifo(photo.parent / "IMG_1234.xmp")
    (photo.parent / "IMG_1234.jpg.xmp").mkdir()
    os.mkfifo(photo.parent / "IMG_1234.jpg.json")
    assert geonb.open_photo(photo).place is None


TAKEOUT = [
    ("IMG_1234.jpg", "IMG_1234.jpg.json"),
    ("IMG_1234.jpg", "IMG_1234.jpg.supplemental-metadata.json"),
    ("IMG_1234.jpg", "IMG_1234.jpg.supplemental-me.json"),
    ("IMG_1234.jpg", "IMG_1234.jpg.s.json"),
    ("IMG_1234.jpg", "IMG_1234.json"),
    ("IMG_1234(1).jpg", "IMG_1234.jpg(1).json"),
    ("IMG_1234(1).jpg", "IMG_1234.jpg.supplemental-metadata(1).json"),
    ("IMG_1234-edited.jpg", "IMG_1234.jpg.json"),
    ("IMG_1234-bearbeitet.jpg", "IMG_1234.jpg.supplemental-metadata.json"),
    ("IMG_1234-edited(1).jpg", "IMG_1234.jpg(1).json"),
    ("IMG_1234 (1).jpg", "IMG_1234 (1).jpg.json"),
    ("IMG_1234(1).jpg", "IMG_1234(1).jpg.supplemental-metadata.json"),
    ("IMG_1234-edited.jpg", "IMG_1234-edited.jpg.supplemental-metadata.json"),
    (f"{'a' * 51}.jpg", f"{'a' * 46}.json"),
    (f"{'a' * 40}.jpg", f"{'a' * 40}.jpg.s.json"),
    (f"{'a' * 44}.jpg", f"{'a' * 44}.j.json"),
]


def takeout(place, exif_place=(0, 0)):
    keys = ("geoData", place), ("geoDataExif", exif_place)
    data = {key: {"latitude": lat, "longitude": lng} for key, (lat, lng) in keys}
    return json.dumps({"title": "IMG_1234.jpg", "photoTakenTime": {"timestamp": "1"}, **data})


@pytest.mark.parametrize(("photo", "name"), TAKEOUT)
def test_takeouts_json_in_its_various_names(tmp_path, photo, name):
    path = tmp_path / photo
    path.write_bytes(encoded(picture(), "JPEG"))
    (tmp_path / name).write_text(takeout((35.6586, 139.7454)))
    found = geonb.open_photo(path)
    assert found.place == (35.6586, 139.7454)
    assert found.place_source == f"{name} (Google Takeout)"


def test_the_json_of_the_whole_name_goes_first(tmp_path):
    (tmp_path / "a(1).jpg").write_bytes(encoded(picture(), "JPEG"))
    for name, place in (("a.jpg(1).json", (3, 4)), ("a(1).jpg.json", (1, 2))):
        (tmp_path / name).write_text(takeout(place))
        assert geonb.open_photo(tmp_path / "a(1).jpg").place == place


def test_takeouts_numbers_have_signs_and_zero_is_no_place(photo):
    beside = photo.with_name("IMG_1234.jpg.json")
    beside.write_text(takeout((0, 0), (-1.5, 2.5)))
    assert geonb.open_photo(photo).place == (-1.5, 2.5)
    beside.write_text(takeout((0, 0)))
    assert geonb.open_photo(photo).place is None
    for text in ("[]", "{", '{"geoData": 3}', '{"geoData": {"latitude": "x"}}', "[" * 99_999):
        beside.write_text(text)
        assert geonb.open_photo(photo).place is None
    photo.write_bytes(encoded(picture(), "JPEG", exif=exif(place=(1.0, 2.0))))
    beside.write_text(takeout((3, 4)))
    assert geonb.open_photo(photo).place == pytest.approx((1, 2)), "Takeout's may be an estimate"


def test_a_json_of_another_photo_is_not_taken(tmp_path):
    (tmp_path / "IMG_12.jpg").write_bytes(encoded(picture(), "JPEG"))
    for name in ("IMG_1.jpg.json", "IMG_123.jpg.json", "metadata.json", "IMG_12.jpg(1).json"):
        (tmp_path / name).write_text(takeout((3, 4)))
    assert geonb.open_photo(tmp_path / "IMG_12.jpg").place is None


def test_a_number_of_400_digits_is_no_place(tmp_path):
    """It ended a run of many photos in a traceback."""
    (tmp_path / "a.png").write_bytes(encoded(picture(), "PNG"))
    record = {"geoData": {"latitude": 10**400, "longitude": 1.0}}
    (tmp_path / "a.png.json").write_text(json.dumps(record))
    assert geonb.open_photo(tmp_path / "a.png").place is None
