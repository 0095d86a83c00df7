"""Draw the scenes that int8 calibrates with: ``python -m geonb_training.scenes.sheet FILE``."""

from __future__ import annotations

import sys

import numpy as np
from PIL import Image

from geonb.photos.photo import open_photo
from geonb.photos.squares import fast_square
from geonb_training.scenes import held_out

SCENES, COLUMNS, SIDE = 36, 6, 224


def sheet() -> Image.Image:
    """Held-out scenes as the network sees them, row by row."""
    picture = Image.new("RGB", (COLUMNS * SIDE, SCENES // COLUMNS * SIDE))
    for number, scene in enumerate(held_out(SCENES)):
        square = np.rint(fast_square(open_photo(scene.image), SIDE) * 255).astype(np.uint8)
        row, column = divmod(number, COLUMNS)
        picture.paste(Image.fromarray(square), (column * SIDE, row * SIDE))
    return picture


if __name__ == "__main__":
    sheet().save(sys.argv[1], quality=50, method=6)
