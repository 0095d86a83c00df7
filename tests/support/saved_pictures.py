"""The pictures in a saved notebook or page, and whether one of them shows a photo."""

import base64
import binascii
import io
import re

import numpy as np
from PIL import Image, UnidentifiedImageError

MAGENTA, LIME = (255, 0, 255), (0, 255, 0)
"""Colours that no map, pin or word of geonb's has."""


def marked_photo():
    """A JPEG of two colours that are found again wherever it is drawn, at any size."""
    image = Image.new("RGB", (640, 480), MAGENTA)
    image.paste(LIME, (320, 0, 640, 480))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def pictures(text):
    """Every picture in a text: as a data address, or as a notebook or widget state keeps it."""
    found = re.findall(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=\s\\]+)", text)
    found += re.findall(r'"((?:iVBORw0KGgo|/9j/|UklGR|R0lGOD)[A-Za-z0-9+/=\s\\]+)"', text)
    for encoded in found:
        plain = encoded.replace("\\n", "").replace("\\", "")
        try:
            data = base64.b64decode(plain)
            if b"<svg" in data[:500]:
                yield from pictures(data.decode())
            else:
                yield Image.open(io.BytesIO(data)).convert("RGB")
        except (UnidentifiedImageError, binascii.Error):
            raise AssertionError(f"a picture that can't be looked at: {plain[:40]}") from None


def shows(image):
    """Whether the marked photo is drawn in a picture, however small."""
    pixels = np.asarray(image, dtype=int)
    near = [(abs(pixels - colour).max(axis=-1) < 60).sum() for colour in (MAGENTA, LIME)]
    return min(near) > 20


def count(text):
    """How many pictures a text has, and how many of them show the marked photo."""
    every = list(pictures(text))
    return len(every), sum(map(shows, every))
