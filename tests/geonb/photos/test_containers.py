"""What lies in picture files beside the picture: read where it helps, bounded, or named."""

import struct
import subprocess
import sys
import time
import zlib

import pytest
from PIL import PngImagePlugin

import geonb
from geonb.errors import PhotoError
from support.pictures import PLACE, encoded, exif, picture


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<!doctype html><title>Log in</title>", "a web page"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\0" * 1000, "zeros"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a picture that geonb can read"),
        (encoded(picture(noise=9), "PNG")[:-400], "cut off or broken"),
    ],
)
def test_bytes_that_are_no_picture_are_named(data, words):
    with pytest.raises(PhotoError, match=words):
        geonb.open_photo(data).image()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\x0a" + bytes(99), "JPEG XL; save it as JPEG"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "JPEG XL; save it as JPEG"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(99), "JPEG 2000; save it as JPEG"),
        (b"8BPS" + bytes(99), "Photoshop"),
        (b"\0\0\0\x18ftypisom" + bytes(99), "a film"),
        (b"<svg xmlns=", "an SVG drawing"),
    ],
)
def test_other_pictures_are_named_with_what_to_do(data, words):
    with pytest.raises(PhotoError, match=words):
        geonb.open_photo(data).image()


@pytest.mark.parametrize(
    ("key", "title"), [("APP1", "generic profile"), ("exif", "exif"), ("APP1", "app1")]
)
@pytest.mark.parametrize("packed", [False, True])
def test_imagemagicks_raw_profile(key, title, packed):
    digits = exif(6).tobytes().hex()
    lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
    text = PngImagePlugin.PngInfo()
    text.add_text(f"Raw profile type {key}", f"\n{title}\n{len(digits) // 2:8}\n{lines}\n", packed)
    photo = geonb.open_photo(encoded(picture(), "PNG", pnginfo=text))
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    assert photo.size == (64, 96)


def test_a_webp_whose_header_denies_its_exif():
    data = bytearray(encoded(picture(), "WEBP", exif=exif(6)))
    assert data[12:16] == b"VP8X"
    data[20] &= ~0x08
    photo = geonb.open_photo(bytes(data))
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    assert photo.size == (64, 96)


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_the_orientation_of_heic_and_avif(kind):
    """Boxes decide; where there are none, the tag does, as in Preview and on phones."""
    boxed = encoded(picture(), kind, exif=exif(6))
    assert b"irot" in boxed
    photo = geonb.open_photo(boxed)
    assert photo.size == photo.image().size == (64, 96)
    untagged = boxed.replace(exif(6).tobytes()[6:], exif(1).tobytes()[6:])
    assert geonb.open_photo(untagged).image().size == (64, 96)
    plain = encoded(picture(), "HEIC", exif=exif(1))
    for turn in (6, 1):
        tagged = _with_turn(plain, turn)
        photo = geonb.open_photo(tagged)
        size = (64, 96) if turn == 6 and b"irot" not in tagged else (96, 64)
        assert photo.size == photo.image().size == size
        assert photo.place == pytest.approx(PLACE, abs=1e-4)


def _with_turn(data, turn):
    """The orientation in the EXIF changed where it stands."""
    entry = struct.pack(">HHLHH", 0x0112, 3, 1, 1, 0)
    assert entry in data
    return data.replace(entry, struct.pack(">HHLHH", 0x0112, 3, 1, turn, 0))


def test_bigtiff_tells_its_place_and_is_turned_once():
    data = encoded(picture(), "TIFF", big_tiff=True, exif=exif(6))
    assert data[2:3] == b"+"
    photo = geonb.open_photo(data)
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    assert photo.place_source == "EXIF"
    assert photo.size == photo.image().size == (64, 96)


def small_tiff(tags, kind=4, count=1):
    """A TIFF of so many bytes, and nothing behind its one directory."""
    plain = {256: 16, 257: 16, 258: 8, 259: 5, 262: 1, 277: 1}
    rows = {tag: struct.pack("<HHLL", tag, 4, 1, value) for tag, value in plain.items()}
    rows |= {tag: struct.pack("<HHLL", tag, kind, count, value) for tag, value in tags.items()}
    body = b"".join(rows[tag] for tag in sorted(rows))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(rows)) + body + bytes(4)


def gif_reaching_to(left, top):
    data = encoded(picture(), "GIF")
    at = data.index(b",\0\0\0\0" + struct.pack("<HH", 96, 64))
    return data[: at + 1] + struct.pack("<HH", left, top) + data[at + 5 :]


def png_of_chunks(count):
    data = encoded(picture(), "PNG")
    return data[:33] + (bytes(4) + b"teXt" + bytes(4)) * count + data[33:]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"II+\0\x08\0\0\0" + struct.pack("<Q", 1 << 40) + bytes(40), "cut off"),
        (encoded(picture(), "GIF")[:12], "cut off"),
        (gif_reaching_to(60_000, 60_000), "a picture that reaches beyond its frame"),
        (png_of_chunks(100_000), "more than 100,000 chunks"),
        (small_tiff({322: 20_000, 323: 20_000}), "tiles that are larger than any picture"),
        (small_tiff({277: 7}), "more samples in a pixel than in any picture"),
        (small_tiff({273: 8}, count=60_000), "tags that are larger than the file"),
        (small_tiff({273: 1000}, count=2), "tag 273 lies beyond the end of the file"),
        (small_tiff({273: 0}, kind=11), "tag 273 is no whole number"),
    ],
)
def test_a_picture_whose_facts_cannot_be_is_refused_before_it_is_decoded(data, words):
    with pytest.raises(PhotoError, match=rf"photo: .*cut off or broken \({words}\); try to open"):
        geonb.open_photo(data).image()


@pytest.mark.parametrize("name", [b"iCCPx\0\0", b"zTXtXML:com.adobe.xmp\0\0"])
def test_a_png_opens_without_what_cannot_be_unpacked(name):
    data = encoded(picture(), "PNG")
    body = name + b"not deflate"
    chunk = struct.pack(">L", len(body) - 4) + body + bytes(4)
    photo = geonb.open_photo(data[:33] + chunk + data[33:])
    assert photo.image().size == (96, 64)
    assert photo.place is None


@pytest.mark.parametrize(
    "tags",
    [
        {322: 20_000, 323: 20_000, 324: 8, 325: 8},
        {322: 12_000, 323: 12_000, 324: 8, 325: 8, 277: 4, 262: 2},
        {277: 60_000, 273: 8, 278: 16, 279: 8},
    ],
)
def test_a_small_tiff_takes_little(tmp_path, tags):
    (tmp_path / "a.tif").write_bytes(small_tiff(tags))
    assert (tmp_path / "a.tif").stat().st_size < 180
    code = """
import geonb, re
from geonb.errors import PhotoError
try: geonb.open_photo("a.tif").image()
except PhotoError as error: print("cut off or broken" in str(error))
print(re.search("VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    refused, peak = run.stdout.split()
    assert refused == "True"
    assert int(peak) < 150_000


def test_a_png_with_a_megabyte_of_text_opens():
    text = b"tEXtComment\0" + b"x" * 3_000_000
    chunk = struct.pack(">L", len(text) - 4) + text + bytes(4)  # its checksum isn't looked at
    data = encoded(picture(), "PNG")
    assert geonb.open_photo(data[:33] + chunk + data[33:]).image().size == (96, 64)


def test_many_packed_profiles_take_little_time():
    """Each of them is a few bytes that make four megabytes."""
    body = b"iCCPx\0\0" + zlib.compress(bytes(4_000_000), 9)
    chunk = struct.pack(">L", len(body) - 4) + body + bytes(4)
    data = encoded(picture(), "PNG")
    start = time.monotonic()
    assert geonb.open_photo(data[:33] + chunk * 2000 + data[33:]).image().size == (96, 64)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    "more", [b"!\xfe" + b"\1x" * 5_000_000 + b"\0", b"\0" * 50_000_000, b"!\xfe\0" * 5_000_000]
)
def test_a_gif_before_its_picture_takes_little_time(more):
    """A byte a block: 250 million of them took minutes."""
    data = encoded(picture(), "GIF")
    start = time.monotonic()
    with pytest.raises(PhotoError, match="cut off or broken"):
        geonb.open_photo(data[:25] + more + data[25:]).image()
    assert time.monotonic() - start < 3
