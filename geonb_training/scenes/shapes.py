"""Shapes that are read from text files: outlines of landmarks, and letters, which need no fonts."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from geonb_training.scenes.painting import Box, Canvas, Colour, shade


def _lines(name: str) -> list[str]:
    text = (resources.files("geonb_training.scenes") / name).read_text(encoding="ascii")
    return [line for line in text.splitlines() if not line.startswith("#")]


@dataclass(frozen=True)
class Part:
    """One piece of an outline."""

    kind: str
    """p polygon, e ellipse, w ring."""
    tone: float
    """How much darker (below 1) or lighter it is than the landmark."""
    points: tuple[tuple[float, float], ...]
    """x to the right and y up, as shares of the landmark's width and height."""


@cache
def landmarks() -> dict[str, tuple[Part, ...]]:
    """Shapes by name, from `landmarks.txt`."""
    lines = [line.split(maxsplit=1) for line in _lines("landmarks.txt")]
    return {name: tuple(map(_part, parts.split(";"))) for name, parts in lines}


def _part(text: str) -> Part:
    kind, *pairs = text.split()
    numbers = [[float(number) / 100 for number in pair.split(",")] for pair in pairs]
    return Part(kind[-1], int(kind[:-1] or 10) / 10, tuple((x, y) for x, y in numbers))


def draw_landmark(canvas: Canvas, box: Box, shape: str, colour: Colour) -> None:
    """Draw a landmark that stands on the lower edge of the box and is as wide and high."""
    left, top, right, bottom = box
    for part in landmarks()[shape]:
        tone = shade(colour, part.tone)
        points = [(left + (right - left) * x, bottom - (bottom - top) * y) for x, y in part.points]
        if part.kind == "p":
            canvas.polygon(points, tone)
            continue
        (x0, low), (x1, high) = points
        if part.kind == "e":
            canvas.ellipse((x0, high, x1, low), tone)
        else:
            canvas.ring((x0, high, x1, low), tone, 1.5)


Letter = tuple[tuple[tuple[int, int], ...], ...]
"""Polylines of points on a grid of 0-4 by 0-6."""

JOINED = frozenset({"arabic", "bengali", "devanagari"})
"""Scripts whose letters join along a line."""


@cache
def scripts() -> dict[str, tuple[Letter, ...]]:
    """Letters of each script, from `glyphs.txt`."""
    lines = [line.split() for line in _lines("glyphs.txt")]
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
