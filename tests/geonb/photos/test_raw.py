"""Raw photos are read by their preview; the files are made here as cameras lay them out."""

import struct

import pytest

import geonb
from geonb.errors import PhotoError
from support.pictures import PLACE, encoded, exif, gps, picture


def preview(width=1024):
    return encoded(picture(width, width * 3 // 4), "JPEG", quality=60)


def tiff(directories, *, subs=(), data=b"", start=b"II*\0"):
    """A TIFF of directories that are given as {tag: (type, count, value)}; ``subs`` hang on 330.

    ``data`` stands at 64; a value may be a function of where the data after it begins.
    """
    at = 64 + len(data) + len(data) % 2
    places = []
    for tags in (*directories, *subs):
        places.append(at)
        at += 2 + 12 * (len(tags) + (tags is directories[0] and bool(subs))) + 4
    body = b""
    extra = struct.pack(f"<{len(subs)}L", *places[len(directories) :]) if subs else b""
    for i, tags in enumerate((*directories, *subs)):
        rows = dict(tags)
        if i == 0 and subs:
            value = at if len(subs) > 1 else places[len(directories)]
            rows[330] = (4, len(subs), value)
        body += struct.pack("<H", len(rows))
        for tag in sorted(rows):
            kind, count, value = rows[tag]
            short = kind == 3 and count == 1
            packed = struct.pack("<HH", value, 0) if short else struct.pack("<L", value)
            body += struct.pack("<HHL", tag, kind, count) + packed
        following = places[i + 1] if i + 1 < len(directories) else 0
        body += struct.pack("<L", following)
    head = (start + struct.pack("<L", places[0])).ljust(64, b"\0")
    return head + data.ljust(at and len(data) + len(data) % 2, b"\0") + body + extra


STORED = {258: (3, 1, 8), 259: (3, 1, 1), 277: (3, 1, 1), 278: (4, 1, 4), 279: (4, 1, 16)}
THUMBNAIL = {
    254: (4, 1, 1),
    256: (4, 1, 4),
    257: (4, 1, 4),
    262: (3, 1, 1),
    273: (4, 1, 8),
} | STORED
SENSOR = {254: (4, 1, 0), 259: (3, 1, 7), 262: (3, 1, 32803), 273: (4, 1, 8), 279: (4, 1, 16)}


def in_strip(data):
    return {259: (3, 1, 7), 262: (3, 1, 6), 273: (4, 1, 64), 279: (4, 1, len(data))}


def as_file(data):
    return {513: (4, 1, 64), 514: (4, 1, len(data))}


def dng(data, turn=6):
    top = THUMBNAIL | {50706: (1, 4, 0x0401), 274: (3, 1, turn)}
    return tiff([top], subs=[in_strip(data), SENSOR], data=data)


def nef(data):
    return tiff([THUMBNAIL], subs=[as_file(data), SENSOR], data=data)


def arw(data):
    return tiff([as_file(data) | {271: (2, 4, 0)}], subs=[SENSOR], data=data)


def cr2(data):
    """Its first picture is the preview; the last is the sensor's, as a lossless JPEG."""
    found = tiff([in_strip(data), THUMBNAIL, SENSOR], data=data)
    return found[:8] + b"CR\2\0" + found[12:]


def box(name, *parts):
    body = b"".join(parts)
    return struct.pack(">L4s", len(body) + 8, name) + body


def cr3(data):
    facts = tiff([{274: (3, 1, 6)}])
    place = exif(1).tobytes()[6:]
    lat = [_rational(value) for value in gps()[2]]
    lng = [_rational(value) for value in gps()[4]]
    numbers = b"".join(struct.pack("<LL", *pair) for pair in (*lat, *lng))
    where = tiff(
        [{1: (2, 2, ord("S")), 2: (5, 3, 64), 3: (2, 2, ord("E")), 4: (5, 3, 88)}], data=numbers
    )
    assert place
    uuid = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    moov = box(b"moov", box(b"uuid", uuid, box(b"CMT1", facts), box(b"CMT4", where)))
    inner = box(b"PRVW", bytes(6), struct.pack(">HHHL", 1024, 768, 1, len(data)), data)
    shown = box(
        b"uuid", bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16"), struct.pack(">LL", 0, 1), inner
    )
    return box(b"ftyp", b"crx ", bytes(4), b"crx isom") + moov + shown


def _rational(value):
    return round(value * 10_000), 10_000


def raf(data):
    head = b"FUJIFILMCCD-RAW 0201FF129502X100".ljust(84, b"\0")
    return head + struct.pack(">LL", 100, len(data)) + bytes(8) + data + b"raw" * 100


KINDS = {"dng": dng, "nef": nef, "arw": arw, "cr2": cr2, "cr3": cr3, "raf": raf}


@pytest.mark.parametrize("kind", KINDS)
def test_the_preview_is_read_with_a_note(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(KINDS[kind](preview()))
    photo = geonb.open_photo(path)
    turned = kind in {"dng", "cr3"}  # whose own directory says so
    assert photo.image().size == photo.size == ((768, 1024) if turned else (1024, 768))
    assert photo.note == "a raw photo, read by its preview"
    assert "read by its preview" in repr(geonb.predict(geonb.load_model("mini"), photo))


def test_the_raw_photos_own_place_counts(tmp_path):
    (tmp_path / "a.cr3").write_bytes(cr3(preview()))
    assert geonb.open_photo(tmp_path / "a.cr3").place == pytest.approx(PLACE, abs=1e-4)
    (tmp_path / "a.raf").write_bytes(raf(encoded(picture(900, 600), "JPEG", exif=exif(6))))
    photo = geonb.open_photo(tmp_path / "a.raf")
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    assert photo.size == (600, 900)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "data", [preview(640), b"", b"\xff\xd8\xff", b"\xff\xd8\0" + preview()[2:]], ids=range(4)
)
def test_a_thumbnail_is_never_located(kind, data):
    with pytest.raises(PhotoError, match="a raw photo without a preview of 800 pixels"):
        geonb.open_photo(KINDS[kind](data)).image()
