"""Writing that looks like a script from afar, stroke by stroke: it needs no fonts."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from geonb_training.scenes.painting import Box, Canvas, Colour

Letter = tuple[tuple[tuple[int, int], ...], ...]
"""Polylines of points on a grid of 0-4 by 0-6."""

JOINED = frozenset({"arabic", "bengali", "devanagari"})
"""Scripts whose letters join along a line."""


@cache
def scripts() -> dict[str, tuple[Letter, ...]]:
    """Letters of each script, from `data/glyphs.txt`."""
    text = (resources.files("geonb_training.scenes") / "glyphs.txt").read_text(encoding="ascii")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {name: tuple(map(_letter, letters)) for name, *letters in lines}


def _letter(word: str) -> Letter:
    pairs = [[part[i : i + 2] for i in range(0, len(part), 2)] for part in word.split("/")]
    return tuple(tuple((int(pair[0]), int(pair[1])) for pair in part) for part in pairs)


def write(canvas: Canvas, box: Box, script: str, colour: Colour, rng: np.random.Generator) -> None:
    """Fill the box with letters of a script, drawn at random, in one line."""
    left, top, right, bottom = box
    height = bottom - top
    pitch = height * (0.67 if script in JOINED else 0.86)
    letters = scripts()[script]
    count = max(1, int((right - left) / pitch))
    start = left + (right - left - count * pitch) / 2
    for i, choice in enumerate(rng.integers(len(letters), size=count).tolist()):
        corner = (start + i * pitch, top)
        for stroke in letters[choice]:
            points = [(corner[0] + x * height / 6, corner[1] + y * height / 6) for x, y in stroke]
            canvas.line(points, colour, width=max(0.8, height / 9))
