"""Both recipes against their numbers, and against each other."""

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.photos.photo import open_photo
from geonb.preprocessing import RECIPE
from support.kinds import KINDS, encoded, plain

MEAN = np.array([123.68, 116.779, 103.939])


@pytest.mark.parametrize("method", ["fast", "blog"])
def test_the_recipe_in_numbers(method):
    """White is 256, black 0; the mean goes off; red is the first channel."""
    batch = geonb.preprocess(encoded(plain((255, 0, 0))), method)
    assert batch.shape == (1, 3, 224, 224)
    assert batch.dtype == np.float32
    assert batch[0].mean(axis=(1, 2)) == pytest.approx(
        [256 - MEAN[0], -MEAN[1], -MEAN[2]], abs=1e-3
    )


@pytest.mark.parametrize("method", ["fast", "blog"])
@pytest.mark.parametrize("size", [(500, 300), (300, 500)])
def test_it_is_the_centre_square(method, size):
    image = plain("black", size)
    short = min(size)
    left, top = (size[0] - short) // 2, (size[1] - short) // 2
    image.paste((255, 255, 255), (left, top, left + short, top + short))
    assert geonb.preprocess(encoded(image), method).min() > 256 - MEAN[0] - 1


def test_rows_and_columns_are_not_swapped():
    image = plain("black", (224, 224))
    image.paste((255, 255, 255), (0, 0, 224, 112))
    for method in ("fast", "blog"):
        batch = geonb.preprocess(encoded(image), method)
        assert batch[0, 0, :100].min() > 100
        assert batch[0, 0, 124:].max() < -100


# Mean deviation of the fast recipe from the blog's, in grey levels of 256, and what is allowed.
LARGE = pytest.mark.slow  # the reference takes its time over 12 megapixels


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=LARGE if "megapixels" in kind else ()) for kind in KINDS]
)
def test_fast_stays_near_the_reference(kind):
    make, form, bound = KINDS[kind]
    photo = encoded(make(), form)
    difference = np.abs(geonb.preprocess(photo) - geonb.preprocess(photo, "blog"))
    assert difference.mean() <= bound


def test_a_jpeg_is_decoded_small():
    photo = open_photo(encoded(plain("red", (4000, 3000)), "JPEG"))
    assert photo.image(short_side=448).size == (1000, 750)
    assert photo.image().size == (4000, 3000)


MODES = {
    "greyscale": plain(200, mode="L"),
    "grey and alpha": plain((200, 255), mode="LA"),
    "alpha": plain((200, 200, 200, 255), mode="RGBA"),
    "palette": plain((200, 200, 200)).quantize(4),
    "16 bits": Image.fromarray(np.full((200, 300), 200 * 257, np.uint16)),
    "black and white": plain(1, mode="1"),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_looks_as_a_person_expects(mode):
    grey = 255 if mode == "black and white" else 200
    pixels = np.asarray(open_photo(encoded(MODES[mode])).image())
    assert pixels.shape == (200, 300, 3)
    assert np.abs(pixels.astype(int) - grey).max() <= 1


def test_cmyk():
    photo = open_photo(encoded(plain((0, 255, 255, 0), mode="CMYK"), "JPEG", quality=95))
    red, green, blue = photo.image().getpixel((5, 5))
    assert red > 230
    assert green < 40
    assert blue < 40


def test_transparent_parts_are_white():
    assert open_photo(encoded(plain((0, 0, 0, 0), mode="RGBA"))).image().getpixel((3, 3)) == (
        255,
        255,
        255,
    )
    palette = plain((10, 20, 30)).quantize(2)
    data = encoded(palette, "GIF", transparency=palette.getpixel((0, 0)))
    assert open_photo(data).image().getpixel((3, 3)) == (255, 255, 255)


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
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = open_photo(encoded(stored, "JPEG", quality=95, exif=exif))
    assert photo.size == (300, 200)
    image = photo.image()
    assert image.size == (300, 200)
    assert image.getpixel((20, 20))[0] > 250
    assert image.getpixel((280, 180))[0] < 5


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
@pytest.mark.parametrize("method", ["fast", "blog"])
def test_tiny_and_long_photos(size, method):
    batch = geonb.preprocess(encoded(plain((255, 255, 255), size)), method)
    assert batch.shape == (1, 3, 224, 224)
    assert batch[0, 0].min() == pytest.approx(256 - MEAN[0], abs=1e-3)


def test_a_list_makes_a_batch():
    photos = [encoded(plain("black")), encoded(plain("white"))]
    batch = geonb.preprocess(photos)
    assert batch.shape == (2, 3, 224, 224)
    assert batch[1] == pytest.approx(geonb.preprocess(photos[1])[0])
    assert RECIPE.mean == pytest.approx(MEAN)


def test_an_unknown_method_is_said():
    with pytest.raises(ValueError, match="fast"):
        geonb.preprocess(plain("black"), "quick")
