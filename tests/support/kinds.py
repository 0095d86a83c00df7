"""Kinds of pictures that preprocessing has to hold for: natural, drawn, noise, plain."""

import io

import numpy as np
from PIL import Image, ImageDraw


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(colour, size=(300, 200), mode="RGB"):
    return Image.new(mode, size, colour)


def natural(size, seed=0):
    """Pixels with the 1/f spectrum of photographs, in three channels that go together."""
    rng = np.random.default_rng(seed)
    width, height = size
    distance = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    distance[0, 0] = 1

    def channel():
        noise = np.fft.fft2(rng.standard_normal((height, width)))
        values = np.fft.ifft2(noise / distance).real
        return (values - values.mean()) / values.std()

    grey = channel()
    pixels = np.stack([128 + 45 * (0.9 * grey + 0.3 * channel()) for _ in range(3)], axis=-1)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def drawing(size, seed=0):
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for _ in range(200):
        ends = [tuple(rng.uniform(0, 1, 2) * size) for _ in range(2)]
        pen.line(ends, fill=tuple(rng.integers(0, 256, 3).tolist()), width=int(rng.integers(1, 9)))
    return image


def noise(size, seed=0):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


# Below 896 pixels the two do the same arithmetic; above, the fast one starts from a photo that is
# shrunk by a whole number, and detail finer than that is averaged in another order.
KINDS = {
    "photo, 12 megapixels": (lambda: natural((4000, 3000)), "JPEG", 0.5),
    "photo, 12 megapixels, PNG": (lambda: natural((4000, 3000)), "PNG", 1.0),
    "photo, screen size": (lambda: natural((1280, 800)), "JPEG", 0.01),
    "photo, 640 x 480": (lambda: natural((640, 480)), "JPEG", 0.01),
    "photo, mini's size": (lambda: natural((320, 240)), "PNG", 0.01),
    "photo, smaller than the square": (lambda: natural((120, 90)), "JPEG", 0.01),
    "line drawing": (lambda: drawing((1601, 1203)), "JPEG", 2.0),
    "white noise": (lambda: noise((1601, 1203)), "PNG", 3.0),
    "plain": (lambda: plain((10, 200, 90)), "GIF", 0.01),
}
