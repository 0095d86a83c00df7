"""Pictures of every format are decoded in bounded memory; the broken ones are refused."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.errors import PhotoError
from geonb.photos import jpeg
from geonb.photos.decoding import MAX_PIXELS
from support import TESTS
from support.kinds import plain
from support.pictures import QUADRANTS, encoded, picture, quadrants

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "MPO", "AVIF", "HEIC"]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_opens(kind):
    photo = geonb.open_photo(encoded(picture(), kind))
    assert photo.size == (96, 64)
    np.testing.assert_allclose(quadrants(photo.image()), QUADRANTS, atol=12)
    assert min(photo.image(short_side=16).size) >= 16


def test_the_wrong_ending_does_not_matter(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(picture(), "WEBP"))
    assert geonb.open_photo(path).size == (96, 64)


def test_headers_that_promise_too_much_are_refused_before_memory_is_taken():
    side = 50_000
    png = encoded(Image.new("L", (8, 8)), "PNG")
    huge = png[:16] + side.to_bytes(4, "big") * 2 + png[24:]
    crc = __import__("zlib").crc32(huge[12:29]).to_bytes(4, "big")
    huge = huge[:29] + crc + huge[33:]
    tracemalloc.start()
    with pytest.raises(PhotoError, match="pixels"):
        geonb.open_photo(huge).image()
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    bmp = encoded(Image.new("L", (8, 8)), "BMP")
    with pytest.raises(PhotoError, match="at most 50 million"):
        _ = geonb.open_photo(bmp[:18] + (MAX_PIXELS // 5000 + 1).to_bytes(4, "little")
                             + (5000).to_bytes(4, "little") + bmp[26:]).size  # fmt: skip


def many_scans(count, **options):
    """A progressive JPEG whose last scan is there again and again, each over the whole picture."""
    data = encoded(picture(), "JPEG", progressive=True, **options)
    parts = jpeg.segments(data)
    return jpeg.join([*parts, *parts[-2:] * count])


def test_the_number_of_scans_is_bounded():
    """Of 16 million pixels, 289 kB of empty scans took half a minute."""
    assert geonb.open_photo(many_scans(80)).image().size == (96, 64)
    assert geonb.open_photo(many_scans(0) + many_scans(200)).size == (96, 64)
    bomb = many_scans(101)
    stray = bomb.replace(b"\xff\xdb", b"\xff\xd0\xff\xdb", 1)  # a marker without a length
    filled = bomb.replace(b"\xff\xdb", b"\0\0\xff\xdb", 1)  # bytes that decoders skip
    for data in (bomb, bomb[:-2], stray, filled):
        with pytest.raises(PhotoError, match=r"JPEG in 1\d\d scans, expected at most 100"):
            geonb.open_photo(data).image()


def test_a_picture_larger_than_its_header_says_is_refused():
    name = "corpus/photos/other-size-than-its-header.heic"
    data = (TESTS / name).read_bytes()
    with pytest.raises(PhotoError, match=r"the header says \(16, 24\), the picture is \(64, 24\)"):
        geonb.open_photo(data).image()


def test_numbered_colours_without_their_list_are_refused():
    data = encoded(picture().quantize(4), "PNG")
    at = data.index(b"PLTE") - 4
    without = data[:at] + data[at + 12 + int.from_bytes(data[at : at + 4], "big") :]
    with pytest.raises(PhotoError, match="a picture of numbered colours without their list"):
        geonb.open_photo(without).image()


def test_a_large_jpeg_in_several_scans_takes_the_memory_of_all_its_pixels():
    data = encoded(Image.new("L", (8, 8)), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    large = data[:at] + (9000).to_bytes(2, "big") * 2 + data[at + 4 :]
    assert geonb.open_photo(large).size == (9000, 9000)
    parts = jpeg.segments(large)
    twice = jpeg.join([*parts, *parts[-2:]])
    with pytest.raises(PhotoError, match="at most 50 million"):
        geonb.open_photo(twice).image(224)


def test_pillow_stays_as_the_user_set_it():
    code = """
from PIL import Image, ImageFile
before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
import geonb, geonb.photos.photo, pillow_heif, warnings
filters = list(warnings.filters)
geonb.open_photo(%r).image()
assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
assert "HEIF" not in Image.OPEN
assert warnings.filters == filters
"""
    data = encoded(picture(8, 8), "HEIC")
    subprocess.run([sys.executable, "-c", code % data], check=True)


def test_a_broken_tiff_is_silent_and_other_threads_are_not(tmp_path):
    good = encoded(picture(3000, 3000, noise=90), "TIFF", compression="tiff_lzw")
    (tmp_path / "good.tif").write_bytes(good)
    (tmp_path / "broken.tif").write_bytes(good[:2000] + bytes(range(256)) * 4 + good[3024:])
    code = """
import geonb, os, threading
done = threading.Event()
def write():
    n = 0
    while not done.wait(0.001):
        os.write(2, b"%d\\n" % n)
        n += 1
    print(n)
thread = threading.Thread(target=write)
thread.start()
for name in ("good.tif", "broken.tif", "good.tif"):
    try: geonb.open_photo(name).image()
    except geonb.GeonbError: print("refused")
done.set()
thread.join()
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    refused, count = run.stdout.split()
    assert refused == "refused"
    assert run.stderr.split() == [str(n) for n in range(int(count))]


def test_heic_without_its_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PhotoError, match=r'pip install "geonb\[heic\]"'):
        geonb.open_photo(encoded_heic()).image()


def encoded_heic():
    return b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100


def test_a_jpeg_is_decoded_small():
    photo = geonb.open_photo(encoded(plain("red", (4000, 3000)), "JPEG"))
    assert photo.image(short_side=448).size == (1000, 750)
    assert photo.image().size == (4000, 3000)
