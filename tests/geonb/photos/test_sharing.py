"""A copy to share has no place in it, and the same picture."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import geonb
from geonb.errors import OutputError, PhotoError
from geonb.photos import jpeg
from support.pictures import PLACE, encoded, exif, picture

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" exif:GPSLatitude="33,51.4S"></x:xmpmeta>'


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("turn", [1, 6])
def test_a_jpeg_loses_its_place_and_not_a_bit_of_its_picture(tmp_path, turn, progressive):
    original = encoded(
        picture(), "JPEG", exif=exif(turn), xmp=XMP, comment=b"Sydney", progressive=progressive
    )
    photo = geonb.open_photo(original + b"trailer with GPS")
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    target = tmp_path / "copy.jpg"
    assert photo.without_place(target) is True
    copy = geonb.open_photo(target)
    assert copy.place is None
    np.testing.assert_array_equal(np.asarray(copy.image()), np.asarray(photo.image()))
    data = target.read_bytes()
    for word in (b"GPS", b"Sydney", b"Camera works", b"xmpmeta"):
        assert word not in data
    scan = original[original.index(b"\xff\xda") : original.rindex(b"\xff\xd9")]
    assert scan in data


def test_colour_profile_and_inks_stay(tmp_path):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for image in (picture(), picture().convert("CMYK")):
        photo = geonb.open_photo(encoded(image, "JPEG", icc_profile=profile, exif=exif()))
        assert photo.without_place(tmp_path / "copy.jpeg")
        with Image.open(tmp_path / "copy.jpeg") as copy:
            assert copy.info["icc_profile"] == profile
        copy = geonb.open_photo(tmp_path / "copy.jpeg")
        np.testing.assert_array_equal(np.asarray(copy.image()), np.asarray(photo.image()))


def test_a_second_picture_goes_with_its_place(tmp_path):
    data = encoded(picture(), "MPO", save_all=True, append_images=[picture(8, 8)], exif=exif())
    assert geonb.open_photo(data).without_place(tmp_path / "copy.jpg")
    with Image.open(tmp_path / "copy.jpg") as copy:
        assert (copy.format, copy.size) == ("JPEG", (96, 64))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "HEIC"])
def test_other_formats_are_written_anew_and_say_so(tmp_path, kind):
    photo = geonb.open_photo(encoded(picture(), kind, exif=exif(6)))
    assert photo.without_place(tmp_path / "copy.png") is False
    copy = geonb.open_photo(tmp_path / "copy.png")
    assert copy.place is None
    np.testing.assert_array_equal(np.asarray(copy.image()), np.asarray(photo.image()))
    assert photo.without_place(tmp_path / "copy.jpg") is False


@pytest.mark.parametrize("ending", [".jpg", ".png"])
@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_comments_do_not_survive_another_format(tmp_path, kind, ending):
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "SECRET")
    more = {
        "PNG": {"pnginfo": text},
        "TIFF": {"tiffinfo": {270: "SECRET", 700: XMP, 33723: b"SECRET"}},
    }
    options = more.get(kind, {"comment": b"SECRET", "xmp": b"SECRET"})
    photo = geonb.open_photo(encoded(Image.new("P", (9, 9)).convert("RGB"), kind, **options))
    assert b"SECRET" in photo.source
    photo.without_place(tmp_path / f"copy{ending}")
    assert b"SECRET" not in (tmp_path / f"copy{ending}").read_bytes()


def test_a_picture_that_was_opened_with_its_comment_loses_it(tmp_path):
    image = Image.open(io.BytesIO(encoded(picture(), "JPEG", comment=b"SECRET", exif=exif())))
    geonb.open_photo(image).without_place(tmp_path / "copy.jpg")
    data = (tmp_path / "copy.jpg").read_bytes()
    assert b"SECRET" not in data
    assert b"Camera" not in data


def test_nothing_hides_in_segments_that_look_like_the_pictures(tmp_path):
    """A thumbnail in JFIF's segment, words behind Adobe's."""
    plain = encoded(picture(), "JPEG")
    jfif = plain[4:20]
    assert jfif[2:6] == b"JFIF"
    hidden = [
        (jpeg.APP0, jfif[2:14] + b"\x03\x01SECRET789"),
        (jpeg.APP0, b"JFXX\0\x10SECRET"),
        (jpeg.APP14, b"Adobe\0\x64\0\0\0\0\x01SECRET"),
        (0xE5, b"SECRET"),
    ]
    parts = [part for part in jpeg.segments(plain) if part[0] != jpeg.APP0]
    data = jpeg.join([*hidden, *parts])
    assert geonb.open_photo(data).without_place(tmp_path / "copy.jpg")
    copy = (tmp_path / "copy.jpg").read_bytes()
    assert b"SECRET" not in copy
    pixels = [np.asarray(geonb.open_photo(file).image()) for file in (data, copy)]
    np.testing.assert_array_equal(*pixels)


def test_failures_leave_nothing_behind(tmp_path):
    photo = geonb.open_photo(encoded(picture(), "JPEG"))
    with pytest.raises(PhotoError, match=r"\.jpg or \.png, not '\.gif'"):
        photo.without_place(tmp_path / "copy.gif")
    cut = geonb.open_photo(photo.source[:-100])
    with pytest.raises(PhotoError, match="photo: the JPEG file is cut off or broken; no copy"):
        cut.without_place(tmp_path / "copy.jpg")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_never_replaces_the_photo_whatever_it_is_called(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    original = encoded(picture(), "JPEG", exif=exif())
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")  # no UTF-8: its shown name is another
    for source, path in (("~/a.jpg", tmp_path / "a.jpg"), (odd, odd)):
        Path(path).write_bytes(original)
        with pytest.raises(OutputError, match="is an input"):
            geonb.open_photo(source).without_place(path)
        assert Path(path).read_bytes() == original
    monkeypatch.chdir(tmp_path)
    photo = geonb.open_photo("a.jpg")
    monkeypatch.chdir("/")
    with pytest.raises(OutputError, match="is an input"):
        photo.without_place(tmp_path / "a.jpg")


def test_a_ribbon_has_no_copy_as_jpeg(tmp_path):
    photo = geonb.open_photo(encoded(Image.new("1", (70_000, 1)), "PNG"))
    with pytest.raises(PhotoError, match=r"70,000 x 1 pixels, but a JPEG .* write a \.png"):
        photo.without_place(tmp_path / "copy.jpg")
    assert photo.without_place(tmp_path / "copy.png") is False
    assert geonb.open_photo(tmp_path / "copy.png").size == (70_000, 1)
