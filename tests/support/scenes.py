"""Parts of scenes, drawn alone, so that it shows where they are."""

from dataclasses import replace

import numpy as np

from geonb_training.scenes.cities import cities
from geonb_training.scenes.painting import SIZE, Canvas

NOTHING = (255, 0, 255)
"""The colour of what nothing was drawn on: no part of a scene has it."""


def drawn(draw, *arguments):
    """Call ``draw(canvas, *arguments)``; gives the pixels, (240, 320, 3), and the clues."""
    canvas = Canvas()
    canvas.rectangle((0, 0, *SIZE), NOTHING)
    draw(canvas, *arguments)
    return np.asarray(canvas.finished()).astype(int), canvas.clues


def where(pixels):
    """Which pixels something was drawn on, (240, 320)."""
    return (pixels != NOTHING).any(axis=2)


def extent(mask):
    """The box around all pixels of a mask: left, top, right, bottom."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return tuple(map(int, (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)))


def has(pixels, colour):
    """Which pixels have nearly a colour, (240, 320) for an (R, G, B)."""
    return (np.abs(pixels - colour) < 12).all(axis=2)


def a_city(**look):
    """A city of another look than its own."""
    return replace(cities()[0], **look)
