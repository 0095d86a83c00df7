"""A canvas in scene pixels that smooths its edges and remembers where the clues are."""

from collections.abc import Iterable, Sequence

from PIL import Image, ImageColor, ImageDraw

SIZE = (320, 240)
"""Width and height of a scene, pixels."""

SMOOTHING = 2
"""Scenes are drawn this many times larger and then shrunk, which smooths edges."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the scene."""

Colour = str | tuple[int, int, int]


def shade(colour: Colour, factor: float) -> tuple[int, int, int]:
    """Make a colour darker (factor below 1) or lighter (above 1)."""
    rgb = ImageColor.getrgb(colour)[:3] if isinstance(colour, str) else colour
    if factor > 1:
        red, green, blue = (int(c + (255 - c) * (factor - 1)) for c in rgb)
    else:
        red, green, blue = (int(c * factor) for c in rgb)
    return red, green, blue


class Canvas:
    """Draws on a picture of `SIZE`; coordinates are its pixels, and may be fractions."""

    def __init__(self) -> None:
        self._image = Image.new("RGB", (SIZE[0] * SMOOTHING, SIZE[1] * SMOOTHING))
        self._draw = ImageDraw.Draw(self._image)
        self.clues: dict[str, tuple[int, int, int, int]] = {}
        """Where the clues are: name to left, top, right, bottom in whole pixels."""

    def mark(self, clue: str, box: Box) -> None:
        """Remember where a clue is, clipped to the picture; one that is out of it is not kept."""
        left, right = (min(max(round(x), 0), SIZE[0]) for x in (box[0], box[2]))
        top, bottom = (min(max(round(y), 0), SIZE[1]) for y in (box[1], box[3]))
        if right - left > 1 and bottom - top > 1:
            self.clues[clue] = (left, top, right, bottom)

    def polygon(self, points: Iterable[Sequence[float]], colour: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * SMOOTHING, y * SMOOTHING) for x, y in points], fill=colour)

    def rectangle(self, box: Box, colour: Colour) -> None:
        """Fill a rectangle."""
        left, top, right, bottom = box
        if right >= left and bottom >= top:
            scaled = [left * SMOOTHING, top * SMOOTHING, right * SMOOTHING, bottom * SMOOTHING]
            self._draw.rectangle(scaled, fill=colour)

    def ellipse(self, box: Box, colour: Colour) -> None:
        """Fill an ellipse."""
        left, top, right, bottom = (value * SMOOTHING for value in box)
        if right >= left and bottom >= top:
            self._draw.ellipse([left, top, right, bottom], fill=colour)

    def line(self, points: Iterable[Sequence[float]], colour: Colour, width: float = 1) -> None:
        """Draw a polyline."""
        scaled = [(x * SMOOTHING, y * SMOOTHING) for x, y in points]
        self._draw.line(scaled, fill=colour, width=max(1, round(width * SMOOTHING)), joint="curve")

    def ring(self, box: Box, colour: Colour, width: float = 1) -> None:
        """Draw the outline of an ellipse."""
        scaled = [value * SMOOTHING for value in box]
        self._draw.ellipse(scaled, outline=colour, width=max(1, round(width * SMOOTHING)))

    def gradient(self, box: Box, top: Colour, bottom: Colour) -> None:
        """Fill a rectangle with a colour that goes over into another, top to bottom."""
        left, up, right, down = (round(value * SMOOTHING) for value in box)
        first, last = Image.new("RGB", (1, 1), top), Image.new("RGB", (1, 1), bottom)
        column = Image.new("RGB", (1, 2))
        column.paste(first, (0, 0))
        column.paste(last, (0, 1))
        size = (max(1, right - left), max(1, down - up))
        self._image.paste(column.resize(size, Image.Resampling.BILINEAR), (left, up))

    def finished(self) -> Image.Image:
        """Give the picture at its final size."""
        return self._image.reduce(SMOOTHING)
