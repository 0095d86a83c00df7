"""All the places where a place stands, and what wins; the right values are exiftool's (12.57)."""

import struct

import pytest
from PIL import Image

import geonb
from geonb.photos import jpeg
from support.pictures import PLACE, encoded, picture

HEAD = """<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" """
TAIL = "</rdf:Description></rdf:RDF></x:xmpmeta>"


def xmp(attributes="", elements=""):
    return f"{HEAD}{attributes}>{elements}{TAIL}".encode()


def of(packet, **options):
    return geonb.open_photo(encoded(picture(), "JPEG", xmp=packet, **options))


def in_location(kind, lat, lng):
    return (
        f"<ext:{kind}><rdf:Bag><rdf:li rdf:parseType='Resource'><exif:GPSLatitude>{lat}"
        f"</exif:GPSLatitude><exif:GPSLongitude>{lng}</exif:GPSLongitude></rdf:li></rdf:Bag>"
        f"</ext:{kind}>"
    )


def test_letters_in_tags_of_their_own():
    """As Apple Photos writes them: the Canary Islands lay at 14 degrees east."""
    names = {"Latitude": "28.1", "LatitudeRef": "N", "Longitude": "14.2", "LongitudeRef": "W"}
    elements = "".join(f"<exif:GPS{k}>{v}</exif:GPS{k}>" for k, v in names.items())
    attributes = " ".join(f'exif:GPS{k}="{v}"' for k, v in names.items())
    for packet in (xmp(elements=elements), xmp(attributes)):
        assert of(packet).place == (28.1, -14.2)
        assert of(packet).place_source == "XMP"


def test_the_tag_of_the_letter_counts_where_the_value_says_another():
    packet = xmp(
        'exif:GPSLatitude="33,27.0N" exif:GPSLatitudeRef="S" '
        'exif:GPSLongitude="70,40.0E" exif:GPSLongitudeRef="W"'
    )
    assert of(packet).place == pytest.approx((-33.45, -70.6667), abs=1e-4)


def test_what_the_picture_shows_is_not_where_the_camera_was():
    shown = in_location("LocationShown", "10,0N", "20,0E")
    created = in_location("LocationCreated", "33,51.408S", "151,12.918E")
    assert of(xmp(elements=shown)).place is None
    photo = of(xmp(elements=shown + created))
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    assert photo.place_source == "XMP, LocationCreated"
    own = of(xmp('exif:GPSLatitude="1,0N" exif:GPSLongitude="2,0E"', shown + created))
    assert own.place == (1.0, 2.0)
    described = shown.replace(" rdf:parseType='Resource'", "").replace(
        "<exif:GPSLatitude>", "<rdf:Description><exif:GPSLatitude>"
    ).replace("</rdf:li>", "</rdf:Description></rdf:li>")  # fmt: skip
    assert of(xmp(elements=described)).place is None


@pytest.mark.parametrize(
    ("space", "known"), [("http://ns.adobe.com/exif/1.0/", True), ("http://example.org/", False)]
)
def test_a_prefix_is_what_it_is_bound_to(space, known):
    words = f'q:GPSLatitude="33,51.408S" q:GPSLongitude="151,12.918E" xmlns:q="{space}"'
    assert (of(xmp(words)).place is not None) == known


def test_comments_and_other_peoples_properties_are_not_the_photos():
    place = "<exif:GPSLatitude>1,0N</exif:GPSLatitude><exif:GPSLongitude>2,0E</exif:GPSLongitude>"
    nested = f"<ext:History rdf:parseType='Resource'>{place}</ext:History>"
    for inside in (f"<!-- {place} -->", nested):
        assert of(xmp(elements=inside)).place is None


LOST = {2: (37.0, 48.0, 49.0), 4: (144.0, 57.0, 47.0)}
MELBOURNE = 'exif:GPSLatitude="37,48.816S" exif:GPSLongitude="144,57.783E"'


def block(tags):
    found = Image.Exif()
    found[0x8825] = tags
    return found


def test_a_guessed_hemisphere_is_no_fact():
    alone = geonb.open_photo(encoded(picture(), "JPEG", exif=block(LOST)))
    assert alone.place == pytest.approx((37.8136, 144.9631), abs=1e-4)
    assert alone.place_source == "EXIF, hemisphere assumed"
    assert alone.sure_place is None
    beside = of(xmp(MELBOURNE), exif=block(LOST))
    assert beside.place == pytest.approx((-37.8136, 144.9631), abs=1e-4)
    assert beside.place_source == "XMP"
    assert beside.sure_place == beside.place
    assert not beside.note
    predictions = geonb.predict(geonb.load_model("mini"), alone)
    assert "EXIF, hemisphere assumed" in predictions.note
    assert "hemisphere assumed" in repr(predictions)


def test_one_letter_is_not_enough_and_one_minus_is():
    half = geonb.open_photo(encoded(picture(), "JPEG", exif=block({1: "S", **LOST})))
    assert half.place[0] < 0
    assert half.place_source == "EXIF, hemisphere assumed"
    assert of(xmp('exif:GPSLatitude="-33.8568" exif:GPSLongitude="151.2153"')).place_source == "XMP"


def test_gps_that_hangs_on_the_exif_directory():
    def directory(*rows):
        return struct.pack(">H", len(rows)) + b"".join(rows) + bytes(4)

    first = directory(struct.pack(">HHLL", 0x8769, 4, 1, 26))
    second = directory(struct.pack(">HHLL", 0x8825, 4, 1, 44))
    values = 44 + 2 + 4 * 12 + 4
    third = directory(
        struct.pack(">HHL4s", 1, 2, 2, b"S\0\0\0"),
        struct.pack(">HHLL", 2, 5, 3, values),
        struct.pack(">HHL4s", 3, 2, 2, b"E\0\0\0"),
        struct.pack(">HHLL", 4, 5, 3, values + 24),
    )
    numbers = struct.pack(">12L", 33, 1, 51, 1, 2448, 100, 151, 1, 12, 1, 5508, 100)
    found = b"Exif\0\0MM\0*\0\0\0\x08" + first + second + third + numbers
    photo = geonb.open_photo(jpeg.with_exif(encoded(picture(), "JPEG"), found))
    assert photo.place == pytest.approx(PLACE, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("33,51.408S", -33.8568),
        ("33,51,24.48S", -33.8568),
        ("33,8568 S", -33.8568),
        ("33° 51' 24,48\" S", -33.8568),
        ("33 deg 51' 24.48\" S", -33.8568),
        ("-0,30.0", -0.5),
        ("S 33.8568", -33.8568),
    ],
)
def test_text_with_commas(text, degrees):
    words = text.replace('"', "&quot;")
    photo = of(xmp(f'exif:GPSLatitude="{words}" exif:GPSLongitude="151,12.918E"'))
    assert photo.place == pytest.approx((degrees, PLACE[1]), abs=1e-4)
