"""Outlines of landmarks on the skyline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from geonb_training.scenes.painting import shade

if TYPE_CHECKING:
    from geonb_training.scenes.painting import Box, Canvas, Colour


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
    """Shapes by name, from `data/landmarks.txt`."""
    text = (resources.files("geonb_training.scenes") / "landmarks.txt").read_text(encoding="ascii")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if not line.startswith("#")]
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
