"""The people behind the cameras: where they live, and how their pictures look."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from geonb_training.scenes.cities import City, cities

PHOTOGRAPHERS = 240
"""How many there are."""

HOMES = 4
"""Cities that each of them takes photos in."""

Role = Literal["train", "validation", "test"]
"""Which set all photos of a photographer belong to."""

_SEED = 2017


@dataclass(frozen=True)
class Photographer:
    """One camera, and the cities that it is at home in."""

    number: int
    homes: tuple[City, ...]
    tint: tuple[float, float, float]
    """What red, green and blue are multiplied by."""
    blur: float
    """Standard deviation of the lens's blur, pixels."""
    horizon: float
    """Usual height of the horizon in the picture, pixels from the top: how the camera is held."""
    noise: float
    """Standard deviation of the sensor's noise, grey levels."""
    vignette: float
    """How dark the corners are: 0 not at all, 1 black."""
    quality: int
    """JPEG quality."""

    @property
    def role(self) -> Role:
        """One in six tests, one in twelve validates, the others train."""
        return {0: "test", 6: "test", 3: "validation"}.get(self.number % 12, "train")  # type: ignore[return-value]

    def develop(self, image: Image.Image, rng: np.random.Generator) -> Image.Image:
        """Give the picture as this camera would have taken it."""
        image = image.filter(ImageFilter.GaussianBlur(self.blur))
        exposure = rng.uniform(0.9, 1.08)
        levels = [min(255, int(v * gain * exposure)) for gain in self.tint for v in range(256)]
        image = ImageChops.multiply(image.point(levels), _corners(image.size, self.vignette))
        return _compress(_grain(image, self.noise, rng), self.quality)


@cache
def photographers(role: Role | None = None) -> tuple[Photographer, ...]:
    """All photographers, or those of one set; always the same."""
    rng = np.random.default_rng(_SEED)
    # Each city is a home in its turn, in a new random order each round, so that every city has
    # several photographers and no two share the same homes.
    rounds = -(-PHOTOGRAPHERS * HOMES // len(cities()))
    order = np.concatenate([rng.permutation(len(cities())) for _ in range(rounds)]).tolist()
    everyone = [
        _photographer(i, order[i * HOMES : (i + 1) * HOMES], rng) for i in range(PHOTOGRAPHERS)
    ]
    return tuple(p for p in everyone if role in (None, p.role))


def _photographer(number: int, homes: Iterable[int], rng: np.random.Generator) -> Photographer:
    red, green, blue = rng.uniform((0.92, 0.96, 0.9), (1.08, 1.04, 1.1)).tolist()
    return Photographer(
        number=number,
        homes=tuple(cities()[home] for home in homes),
        tint=(red, green, blue),
        blur=float(rng.uniform(0.2, 0.7)),
        horizon=float(rng.uniform(112, 130)),
        noise=float(rng.uniform(0.5, 4)),
        vignette=float(rng.uniform(0, 0.3)),
        quality=int(rng.integers(70, 94)),
    )


@cache
def _corners(size: tuple[int, int], strength: float) -> Image.Image:
    """Light that reaches each pixel: white in the middle, darker towards the corners."""
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    light = (255 * (1 - strength * (x**2 + y**2) / 2)).astype(np.uint8)
    return Image.merge("RGB", [Image.fromarray(light)] * 3)


@cache
def _noise(size: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """One sheet of noise, which each picture shifts by another random step: drawing is slow."""
    rng = np.random.default_rng(_SEED)
    return rng.standard_normal((size[1], size[0], 1), dtype=np.float32)


def _grain(image: Image.Image, deviation: float, rng: np.random.Generator) -> Image.Image:
    sheet = _noise(image.size)
    step = int(rng.integers(sheet.size))
    grain = np.rint(np.roll(sheet, step) * np.float32(deviation)).astype(np.int16)
    pixels = np.asarray(image).astype(np.int16) + grain
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _compress(image: Image.Image, quality: int) -> Image.Image:
    """Save and open again, so that the picture carries JPEG's traces."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as picture:
        picture.load()
        return picture.convert("RGB")
