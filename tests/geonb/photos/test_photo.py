"""Photos from anything: every format and mode, upright, in sRGB; what is none is named."""

import ast
import base64
import io
import os
import pydoc
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

import geonb
from geonb.errors import PhotoError
from geonb.photos import jpeg
from geonb.photos.decoding import MAX_PIXELS
from geonb.photos.photo import Photo
from support import TESTS
from support.pictures import PLACE, QUADRANTS, encoded, exif, picture, quadrants

FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "MPO", "AVIF", "HEIC"]
NAMES = ["a b.jpg", "quo'te\".jpg", "🗼.jpg", "<script>x.jpg", "line\nbreak.jpg"]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_opens(kind):
    photo = geonb.open_photo(encoded(picture(), kind))
    assert photo.size == (96, 64)
    np.testing.assert_allclose(quadrants(photo.image()), QUADRANTS, atol=12)
    assert min(photo.image(short_side=16).size) >= 16


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIC", "AVIF"])
def test_every_orientation_becomes_upright(kind, turn):
    stored = {
        1: (0, 1, 2, 3), 2: (1, 0, 3, 2), 3: (3, 2, 1, 0), 4: (2, 3, 0, 1),
        5: (0, 2, 1, 3), 6: (2, 0, 3, 1), 7: (3, 1, 2, 0), 8: (1, 3, 0, 2),
    }[turn]  # fmt: skip
    photo = geonb.open_photo(encoded(picture(), kind, exif=exif(turn)))
    upright = (64, 96) if turn >= 5 else (96, 64)
    assert photo.size == photo.image().size == upright
    expected = [QUADRANTS[i] for i in stored]
    np.testing.assert_allclose(quadrants(photo.image()), expected, atol=12)
    np.testing.assert_allclose(quadrants(photo.image(short_side=16)), expected, atol=25)


@pytest.mark.parametrize("name", NAMES)
def test_from_anything(tmp_path, name):
    data = encoded(picture(), "PNG")
    path = tmp_path / name
    path.write_bytes(data)
    image, array = Image.open(io.BytesIO(data)), np.asarray(picture())
    with path.open("rb") as file:
        sources = [str(path), path, data, bytearray(data), memoryview(data), file, image, array]
        photos = [geonb.open_photo(source) for source in sources]
    assert [photos[i].name for i in (0, 1, 5)] == [str(path)] * 3
    for photo in photos:
        np.testing.assert_array_equal(np.asarray(photo.image()), array)
    assert geonb.open_photo(photos[0]) is photos[0]
    assert len(repr(photos[0]).splitlines()) == 1


def test_a_name_that_is_not_utf8_can_be_shown_and_written_anywhere(tmp_path):
    path = tmp_path / os.fsdecode(b"b\xff.png")
    path.write_bytes(encoded(picture(), "PNG"))
    sources = [path, {"name": "b\udcff.png", "content": path.read_bytes()}, Image.open(path)]
    for photo in map(geonb.open_photo, sources):
        assert photo.name.endswith("b\\udcff.png")
        predictions = geonb.predict(geonb.load_model("mini"), photo)
        geonb.write_page(predictions, tmp_path / "page.html")
        assert "b\\udcff.png" in (tmp_path / "page.html").read_text()
        repr(predictions).encode()


def test_a_name_may_begin_with_a_tilde(tmp_path, monkeypatch):
    (tmp_path / "~x.jpg").write_bytes(encoded(picture(), "JPEG"))
    monkeypatch.chdir(tmp_path)
    assert geonb.open_photo("~x.jpg").size == (96, 64)
    with pytest.raises(PhotoError, match=r"~nobody-here/x\.jpg: no such file"):
        geonb.open_photo("~nobody-here/x.jpg")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert geonb.open_photo("~/~x.jpg").size == (96, 64)


@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/stdin"])
def test_pipes_and_devices_are_refused_at_once(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    code = f"import geonb; geonb.open_photo({str(tmp_path / name)!r})"
    command = [sys.executable, "-c", code]
    run = subprocess.run(
        command, stdin=subprocess.PIPE, capture_output=True, timeout=60, check=False
    )
    assert b"a pipe or a device, not a file" in run.stderr


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIC"])
def test_decoded_pixels_carry_nothing_else(kind):
    """What `Image.save` writes without being asked: comments, EXIF, profiles, resolutions."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "SECRET")
    more = {
        "PNG": {"pnginfo": text},
        "TIFF": {"tiffinfo": {270: "SECRET", 33432: "SECRET"}},
        "HEIC": {},
    }.get(kind, {"comment": b"SECRET", "xmp": b"SECRET"})
    photo = geonb.open_photo(encoded(picture().quantize(4).convert("RGB"), kind, **more))
    if kind != "HEIC":
        assert b"SECRET" in photo.source
    for image in (photo.image(), photo.image(short_side=8)):
        assert not image.info
        for copy in ("JPEG", "PNG", "GIF", "WEBP", "TIFF"):
            assert b"SECRET" not in encoded(image, copy), copy


def test_a_comment_does_not_reach_a_page(tmp_path):
    image = Image.new("P", (9, 9))
    photo = geonb.open_photo(encoded(image, "GIF", comment=b"SECRET"))
    geonb.write_page(geonb.predict(geonb.load_model("mini"), photo), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    pictures = [base64.b64decode(part.split('"')[0]) for part in page.split("base64,")[1:]]
    assert pictures
    assert not any(b"SECRET" in data for data in pictures)


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_one_line_with_any_name(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"no picture")
    with pytest.raises(PhotoError, match="not a picture that geonb can read") as caught:
        geonb.open_photo(path).image()
    assert len(str(caught.value).splitlines()) == 1
    assert "cannot be read" in repr(geonb.open_photo(path))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("/no/such.jpg", "no such file"),
        ("/", "a folder"),
        ("a\0b.jpg", "no such file"),
        (b"", "the file is empty"),
        (io.StringIO("text"), "mode 'rb'"),
        (42, "cannot open a int as a photo"),
        (np.zeros((3, 4, 7)), "is not a photo"),
        (np.zeros((0, 4)), "is not a photo"),
        (np.array([["a"]]), "is not a photo"),
        (np.full((3, 4), np.nan), "0 to 1"),
        (np.full((3, 4), 300), "0 to 255"),
    ],
)
def test_what_is_no_photo_is_named(source, words):
    with pytest.raises(PhotoError, match=words):
        geonb.open_photo(source)


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


def test_opening_a_large_file_does_not_look_into_it_before_it_is_asked(monkeypatch):
    """It took 6 ms of a HEIC with 12 megapixels, 12 of such an AVIF, 18 of such a PNG."""
    data = encoded(picture(700, 700, noise=60), "PNG")
    assert len(data) > 1_000_000
    whole = geonb.open_photo(data)
    monkeypatch.delattr("geonb.photos.photo.open_image")
    assert geonb.open_photo(data).source == whole.source == data


def test_the_wrong_ending_does_not_matter(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(picture(), "WEBP"))
    assert geonb.open_photo(path).size == (96, 64)


def test_transparency_lies_on_white_and_animations_stand_still():
    clear = picture().convert("RGBA")
    clear.putalpha(0)
    assert geonb.open_photo(encoded(clear, "PNG")).image().getpixel((5, 5)) == (255, 255, 255)
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    for kind in ("GIF", "WEBP", "PNG", "TIFF", "MPO", "AVIF"):
        data = encoded(red, kind, save_all=True, append_images=[blue])
        r, _, b = geonb.open_photo(data).image().getpixel((4, 4))
        assert (r > 240, b < 15) == (True, True), kind


def test_colour_profiles_count():
    """The primaries of a wide screen, written as plain RGB, look duller than they are."""
    wide = ImageCms.ImageCmsProfile(io.BytesIO(_wide_profile()))
    data = encoded(picture(), "PNG", icc_profile=wide.tobytes())
    colours = quadrants(geonb.open_photo(data).image())
    assert colours[1][0] < QUADRANTS[1][0] - 20  # green became greener: it lost its red
    broken = encoded(picture(), "PNG", icc_profile=wide.tobytes()[:200])
    np.testing.assert_allclose(quadrants(geonb.open_photo(broken).image()), QUADRANTS, atol=1)
    grey = encoded(picture().convert("L"), "PNG", icc_profile=wide.tobytes())
    assert geonb.open_photo(grey).image().mode == "RGB", "a profile of other channels is ignored"


def _wide_profile():
    """The sRGB profile with the red and green primaries of Display P3 (D50, s15Fixed16)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    primaries = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    for i in range(int.from_bytes(profile[128:132], "big")):
        at = 132 + 12 * i
        if xyz := primaries.get(bytes(profile[at : at + 4])):
            start = int.from_bytes(profile[at + 4 : at + 8], "big") + 8
            numbers = (round(v * 65536).to_bytes(4, "big", signed=True) for v in xyz)
            profile[start : start + 12] = b"".join(numbers)
    return bytes(profile).replace(b"s\0R\0G\0B", b"W\0I\0D\0E")


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16", "CMYK", "F", "I", "YCbCr"])
def test_every_mode_becomes_rgb(mode):
    grey = Image.new("L", (20, 10), 128)
    image = Image.new("I;16", (20, 10), 128 * 257) if mode == "I;16" else grey.convert(mode)
    rgb = geonb.open_photo(image).image(5)
    assert rgb.mode == "RGB"
    if mode != "1":
        assert all(abs(value - 128) <= 2 for value in rgb.getpixel((2, 2)))


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


def test_the_users_own_image_is_left_as_it_is():
    image = Image.open(io.BytesIO(encoded(picture(400, 300), "JPEG", exif=exif(6))))
    photo = geonb.open_photo(image)
    assert photo.image(short_side=20).size == (20, 27)
    assert (image.size, image.mode) == ((400, 300), "RGB")
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    own = picture()
    geonb.open_photo(own).image().putpixel((0, 0), (1, 2, 3))
    assert own.getpixel((0, 0)) == QUADRANTS[0]


def test_a_photo_of_pixels_has_a_name_too():
    assert geonb.open_photo(picture()).name == "image"
    assert Photo("x", picture()).size == (96, 64)


def test_help_shows_what_a_photo_has():
    text = pydoc.render_doc(Photo, renderer=pydoc.plaintext)
    for line in ("name: File name", "source: The file's", "height) in pixels", "in degrees"):
        assert line in text


def test_a_local_file_needs_no_module_for_the_web_and_for_uploads(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded(picture(), "JPEG", exif=exif(6)))
    code = f"""
import sys
from geonb.photos.photo import open_photo
open_photo({str(tmp_path / "a.jpg")!r}).image()
print(sorted(name for name in sys.modules if name.startswith("geonb.photos.")))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = {name.rpartition(".")[2] for name in ast.literal_eval(run.stdout)}
    assert modules == {"decoding", "jpeg", "photo", "pixels", "tiff"}
