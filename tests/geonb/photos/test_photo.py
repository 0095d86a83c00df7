"""Photos from anything: upright, with a name and with what it tells; what is none is named."""

import ast
import base64
import io
import os
import pydoc
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.errors import PhotoError
from geonb.photos.photo import Photo
from support.kinds import plain
from support.pictures import PLACE, QUADRANTS, encoded, exif, picture, quadrants

NAMES = ["a b.jpg", "quo'te\".jpg", "🗼.jpg", "<script>x.jpg", "line\nbreak.jpg"]
ZEROS = b"\0" * 40_000_000


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
    ],
)
def test_what_is_no_photo_is_named(source, words):
    with pytest.raises(PhotoError, match=words):
        geonb.open_photo(source)


def test_opening_a_large_file_does_not_look_into_it_before_it_is_asked(monkeypatch):
    """It took 6 ms of a HEIC with 12 megapixels, 12 of such an AVIF, 18 of such a PNG."""
    data = encoded(picture(700, 700, noise=60), "PNG")
    assert len(data) > 1_000_000
    whole = geonb.open_photo(data)
    monkeypatch.delattr("geonb.photos.photo.open_image")
    assert geonb.open_photo(data).source == whole.source == data


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


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_set_upright(orientation):
    """The same picture, stored in each of the eight ways that EXIF knows."""
    upright = plain("black", (300, 200))
    upright.paste((255, 255, 255), (0, 0, 100, 100))  # top left
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = upright
    for step in undo.get(orientation, []):
        stored = stored.transpose(step)
    block = exif(orientation, None)
    photo = geonb.open_photo(encoded(stored, "JPEG", quality=95, exif=block))
    assert photo.size == (300, 200)
    image = photo.image()
    assert image.size == (300, 200)
    assert image.getpixel((20, 20))[0] > 250
    assert image.getpixel((280, 180))[0] < 5


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIC", "AVIF", "GIF", "BMP", "TIFF"])
def test_a_photo_holds_what_it_needs(kind):
    """24 photos of 5 kB, each followed by 150 MB of zeros, took 2.3 GB."""
    data = encoded(picture(), kind)
    photo = geonb.open_photo(data + ZEROS)
    more = 0 if kind == "JPEG" else 8 * 96 * 64 + 1000
    assert len(data) <= len(photo.source) <= len(data) + more
    assert (np.asarray(photo.image()) == np.asarray(geonb.open_photo(data).image())).all()


def test_a_large_tiff_loses_nothing_of_its_own():
    noise = np.random.default_rng(1).integers(0, 256, (700, 900, 3), np.uint8)
    for options in ({"exif": exif(6)}, {"compression": "tiff_lzw"}):
        data = encoded(Image.fromarray(noise), "TIFF", **options)
        photo, whole = geonb.open_photo(data + ZEROS), geonb.open_photo(data)
        assert len(photo.source) <= len(data) + 8 * 900 * 700 + 1000
        assert photo.place == whole.place
        assert (np.asarray(photo.image()) == np.asarray(whole.image())).all()


def test_what_is_too_large_is_refused_whatever_holds_it(tmp_path, monkeypatch):
    data = encoded(picture(), "PNG")
    (tmp_path / "a.png").write_bytes(data)
    monkeypatch.setattr("geonb.photos.photo.MAX_BYTES", len(data) - 1)
    for source in (tmp_path / "a.png", data, io.BytesIO(data), {"a.png": data}):
        with pytest.raises(PhotoError, match="larger than 0 MB, expected a photo"):
            geonb.open_photo(source)
