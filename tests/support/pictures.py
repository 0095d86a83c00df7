"""Pictures for tests: of every format, of any size in bytes, with EXIF."""

import io

import numpy as np
from PIL import Image

PLACE = (-33.8568, 151.2153)
"""Sydney: south and east, so that a lost sign shows."""
QUADRANTS = ((200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40))
"""Colours of the upper left, upper right, lower left and lower right of every picture here."""


def picture(width=96, height=64, noise=0):
    """Four coloured quadrants under some noise."""
    y, x = np.mgrid[:height, :width]
    colours = np.array(QUADRANTS, np.int16)[2 * (y >= height / 2) + (x >= width / 2)]
    if noise:
        rng = np.random.default_rng(width)
        colours = colours + rng.integers(-noise, noise + 1, colours.shape, np.int16)
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))


def coarse_photos(count, seed=1):
    """Photos of large patches, which a network with random weights tells apart."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(0, 256, (count, 12, 16, 3), dtype=np.uint8)
    return [Image.fromarray(pixels).resize((320, 240)) for pixels in patches]


def quadrants(image):
    """The mean colour of each quadrant, (4, 3)."""
    small = image.convert("RGB").resize((4, 4), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=float)
    return np.array([pixels[r : r + 2, c : c + 2].mean((0, 1)) for r in (0, 2) for c in (0, 2)])


def gps(place=PLACE, **more):
    """The tags of a GPS block, in degrees, minutes and seconds."""
    lat, lng = place
    return {
        1: "NS"[lat < 0],
        2: _dms(abs(lat)),
        3: "EW"[lng < 0],
        4: _dms(abs(lng)),
        **more,
    }


def _dms(value):
    minutes = (value - int(value)) * 60
    return (float(int(value)), float(int(minutes)), (minutes - int(minutes)) * 60)


def exif(turn=1, place=PLACE):
    """EXIF with an orientation and, mostly, a place."""
    block = Image.Exif()
    block[0x0112] = turn
    block[0x010F] = "Camera works"
    if place:
        block[0x8825] = gps(place)
    read = Image.Exif()  # as out of a file: Pillow's TIFF writer wants it so
    read.load(block.tobytes())
    return read


def without_hemisphere(place=PLACE):
    """EXIF with a place that lost its letters."""
    block = Image.Exif()
    block[0x8825] = {tag: value for tag, value in gps(place).items() if tag in {2, 4}}
    read = Image.Exif()
    read.load(block.tobytes())
    return read


def encoded(image, kind, **options):
    """The picture's file, as bytes; ``HEIC`` too."""
    buffer = io.BytesIO()
    if kind == "HEIC":
        import pillow_heif

        block = options.pop("exif", None)
        file = pillow_heif.from_pillow(image)
        file.save(buffer, exif=block.tobytes() if block else None, **options)
    else:
        image.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg_of(megabytes, **options):
    """A JPEG of about this size, full of noise."""
    side = int((megabytes * 1e6 / 2.05) ** 0.5)
    return encoded(picture(side, side, noise=120), "JPEG", quality=95, subsampling=0, **options)
