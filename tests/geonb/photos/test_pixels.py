"""Pixels of every kind become 8-bit sRGB as a viewer shows them, and carry nothing else."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

import geonb
from geonb.errors import PhotoError
from support.kinds import plain
from support.pictures import QUADRANTS, encoded, picture, quadrants

MODES = {
    "greyscale": plain(200, mode="L"),
    "grey and alpha": plain((200, 255), mode="LA"),
    "alpha": plain((200, 200, 200, 255), mode="RGBA"),
    "palette": plain((200, 200, 200)).quantize(4),
    "16 bits": Image.fromarray(np.full((200, 300), 200 * 257, np.uint16)),
    "black and white": plain(1, mode="1"),
}


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16", "CMYK", "F", "I", "YCbCr"])
def test_every_mode_becomes_rgb(mode):
    grey = Image.new("L", (20, 10), 128)
    image = Image.new("I;16", (20, 10), 128 * 257) if mode == "I;16" else grey.convert(mode)
    rgb = geonb.open_photo(image).image(5)
    assert rgb.mode == "RGB"
    if mode != "1":
        assert all(abs(value - 128) <= 2 for value in rgb.getpixel((2, 2)))


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


def test_transparency_lies_on_white_and_animations_stand_still():
    clear = picture().convert("RGBA")
    clear.putalpha(0)
    assert geonb.open_photo(encoded(clear, "PNG")).image().getpixel((5, 5)) == (255, 255, 255)
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    for kind in ("GIF", "WEBP", "PNG", "TIFF", "MPO", "AVIF"):
        data = encoded(red, kind, save_all=True, append_images=[blue])
        r, _, b = geonb.open_photo(data).image().getpixel((4, 4))
        assert (r > 240, b < 15) == (True, True), kind


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


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_looks_as_a_person_expects(mode):
    grey = 255 if mode == "black and white" else 200
    pixels = np.asarray(geonb.open_photo(encoded(MODES[mode], "PNG")).image())
    assert pixels.shape == (200, 300, 3)
    assert np.abs(pixels.astype(int) - grey).max() <= 1


def test_cmyk():
    photo = geonb.open_photo(encoded(plain((0, 255, 255, 0), mode="CMYK"), "JPEG", quality=95))
    red, green, blue = photo.image().getpixel((5, 5))
    assert red > 230
    assert green < 40
    assert blue < 40


def test_transparent_parts_are_white():
    assert geonb.open_photo(encoded(plain((0, 0, 0, 0), mode="RGBA"), "PNG")).image().getpixel(
        (3, 3)
    ) == (
        255,
        255,
        255,
    )
    palette = plain((10, 20, 30)).quantize(2)
    data = encoded(palette, "GIF", transparency=palette.getpixel((0, 0)))
    assert geonb.open_photo(data).image().getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 4, 7)), "is not a photo"),
        (np.zeros((0, 4)), "is not a photo"),
        (np.array([["a"]]), "is not a photo"),
        (np.full((3, 4), np.nan), "0 to 1"),
        (np.full((3, 4), 300), "0 to 255"),
    ],
)
def test_an_array_that_is_no_photo_is_named(array, words):
    with pytest.raises(PhotoError, match=words):
        geonb.open_photo(array)
