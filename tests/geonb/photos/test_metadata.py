"""The place in EXIF and XMP: in every format, in odd encodings, and where it is impossible."""

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

import geonb
from geonb.photos.metadata import geotag, properties
from support.pictures import PLACE, encoded, exif, gps, picture


def place_of(tags):
    block = Image.Exif()
    block[0x8825] = tags
    return geonb.open_photo(encoded(picture(8, 8), "JPEG", exif=block)).place


def place_in_memory(tags):
    """For values that a file cannot be written with, but odd software writes."""
    found = geotag((tags.get(2), tags.get(1)), (tags.get(4), tags.get(3)), "EXIF")
    return found and found.place


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_place_comes_back_in_all_quadrants(lat, lng):
    place = place_in_memory(gps((lat, lng)))
    if max(abs(lat), abs(lng)) > 1e-9:
        assert place == pytest.approx((lat, lng), abs=1e-9)


@pytest.mark.parametrize("place", [(35.6586, 139.7454), (40.6892, -74.0445), (-22.9519, -43.2105)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIC", "MPO"])
def test_every_format_that_carries_exif_tells_the_place(kind, place):
    data = encoded(picture(), kind, exif=exif(place=place))
    assert geonb.open_photo(data).place == pytest.approx(place, abs=1e-4)


@pytest.mark.parametrize(
    ("lat", "expected"),
    [
        ((35.5, 0.0, 0.0), 35.5),
        ((35.0, 30.0, IFDRational(0, 0)), 35.5),
        ((IFDRational(35, 1), IFDRational(30, 1), IFDRational(0, 1)), 35.5),
        ((35.0, 30.0), 35.5),
        ((35.5,), 35.5),
        (35.5, 35.5),
        ("35.5", 35.5),
        (b"35.5\0", 35.5),
        ("35,30,0", 35.5),
        ("35 deg 30' 0\"", 35.5),
        ((0.0, 0.0, 0.0), 0.0),
    ],
)
def test_odd_encodings(lat, expected):
    assert place_in_memory({**gps((1.0, 2.0)), 2: lat}) == pytest.approx((expected, 2.0))


@pytest.mark.parametrize("south", ["S", "s", "South", b"S\0", "S\0", " S"])
def test_odd_references(south):
    assert place_in_memory({**gps((1.0, 2.0)), 1: south}) == pytest.approx((-1.0, 2.0))


def test_without_references_the_sign_of_the_number_counts():
    assert place_of({2: (1.5,), 4: (2.5,)}) == (1.5, 2.5)
    assert place_in_memory({2: "-1.5", 4: -2.5}) == (-1.5, -2.5)
    assert place_in_memory({2: "1.5 S", 4: "2.5 W"}) == (-1.5, -2.5)


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {1: "N", 2: (1.0, 2.0, 3.0)},
        gps((0.0, 0.0)),
        {**gps(), 2: (91.0, 0.0, 0.0)},
        {**gps(), 4: (181.0, 0.0, 0.0)},
        {**gps(), 2: (float("nan"), 0.0, 0.0)},
        {**gps(), 2: (float("inf"), 0.0, 0.0)},
        {**gps(), 2: (IFDRational(0, 0),) * 3},
        {**gps(), 2: (10.0, 75.0, 0.0)},
        {**gps(), 2: (10.0, -5.0, 0.0)},
        {**gps(), 2: (1.0, 2.0, 3.0, 4.0)},
        {**gps(), 2: ()},
        {**gps(), 2: "somewhere"},
        {**gps(), 2: None},
        {**gps(), 1: "X"},
        {**gps(), 1: "E"},
    ],
)
def test_impossible_tags_are_no_place(tags):
    assert place_in_memory(tags) is None


def test_broken_exif_is_no_exif_and_the_picture_still_opens():
    data = encoded(picture(), "JPEG", exif=exif(turn=6))
    start = data.index(b"Exif\0\0") + 6
    broken = data[:start] + b"\xff" * 40 + data[start + 40 :]
    photo = geonb.open_photo(broken)
    assert photo.place is None
    assert photo.image().size == photo.size == (96, 64)


def test_a_photo_without_exif_has_no_place():
    assert geonb.open_photo(encoded(picture(), "PNG")).place is None
    assert geonb.open_photo(io.BytesIO(encoded(picture(), "GIF"))).place is None


ATTRIBUTES = "exif:GPSLatitude=\"33,51.408S\"\n  exif:GPSLongitude = '151,12.918E'"
ELEMENTS = """<exif:GPSLatitude>33,51,24.48S</exif:GPSLatitude>
<exif:GPSLongitude> 151,12,55.08E </exif:GPSLongitude>"""


def xmp(inside):
    attributes, elements = ("", inside) if inside.startswith("<") else (inside, "")
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" {attributes}>{elements}
</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC"])
@pytest.mark.parametrize("inside", [ATTRIBUTES, ELEMENTS])
def test_a_place_that_only_xmp_tells(kind, inside):
    options = {"xmp": xmp(inside)}
    if kind == "TIFF":
        options = {"tiffinfo": {700: xmp(inside)}}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp(inside).decode())
        options = {"pnginfo": text}
    photo = geonb.open_photo(encoded(picture(), kind, **options))
    assert photo.place == pytest.approx(PLACE, abs=1e-4)


def test_exif_comes_before_xmp_unless_it_is_impossible():
    block = exif(place=(1.0, 2.0))
    data = encoded(picture(), "JPEG", exif=block, xmp=xmp(ATTRIBUTES))
    assert geonb.open_photo(data).place == pytest.approx((1.0, 2.0))
    block = exif(place=(0.0, 0.0))
    data = encoded(picture(), "JPEG", exif=block, xmp=xmp(ATTRIBUTES))
    assert geonb.open_photo(data).place == pytest.approx(PLACE, abs=1e-4)


@pytest.mark.parametrize(
    "inside",
    [
        'exif:GPSLatitude="33,51.408S"',
        'exif:GPSLatitude="933,51.408S" exif:GPSLongitude="151,12.918E"',
        'exif:GPSLatitude="33,51.408E" exif:GPSLongitude="151,12.918E"',
        'exif:GPSLatitude="" exif:GPSLongitude=""',
        'exif:GPSLatitude="north" exif:GPSLongitude="east"',
        'exif:GPSLatitude="' + "9" * 100_000,
    ],
)
def test_xmp_without_a_number_tells_no_place(inside):
    data = encoded(picture(), "WEBP", xmp=xmp(inside))
    assert geonb.open_photo(data).place is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_a_picture_that_pillow_opened_tells_its_place(kind):
    block = exif(6)
    block[0x013B] = "Anna"
    data = encoded(picture(), kind, exif=block)
    photo = geonb.open_photo(Image.open(io.BytesIO(data)))
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    assert photo.size == photo.image().size == (64, 96)
    assert photo.artist == geonb.open_photo(data).artist == "Anna"


def test_exif_that_pillow_cannot_write_is_read_where_it_came_from():
    image = Image.open(io.BytesIO(encoded(picture(), "JPEG", exif=exif(6))))
    image.getexif()[0x010F] = object()
    photo = geonb.open_photo(image)
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    assert photo.size == (64, 96)
    image = picture()
    image.getexif()[0x8825] = {2: object()}
    assert geonb.open_photo(image).place is None


def test_many_elements_of_xmp_take_little():
    """A packet of 10 MB has room for two million, each a hundred bytes when it is read."""
    packet = b'<r xmlns:a="b">' + b"<a/>" * 2_400_000 + b"</r>"
    tracemalloc.start()
    assert properties(packet) == ({}, {})
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()
