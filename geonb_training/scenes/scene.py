"""Synthetic street scenes: photos that need no network, no licence and nobody's privacy.

Each scene is a noon street of a real city at an equinox, seen towards the east, drawn from
`cities.csv`: what the picture shows is generally known of that city, where it was
"taken" is near it. Things that give a place away are kept as clues with their boxes.
"""

import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from geonb.errors import PhotoError
from geonb.shown.pictures import tag
from geonb.writing import replacing
from geonb_training.scenes.buildings import draw_house
from geonb_training.scenes.cars import draw_cars
from geonb_training.scenes.cities import City
from geonb_training.scenes.painting import SIZE, Canvas
from geonb_training.scenes.photographers import Photographer, Role, photographers
from geonb_training.scenes.plants import draw_shadow, draw_tree
from geonb_training.scenes.shapes import draw_landmark
from geonb_training.scenes.street import draw_ground, draw_shop_sign, draw_sky, draw_warning_sign
from geonb_training.scenes.view import HOUSE_LINE, KERB, Facade, View

DEGREE_KM = 111.2
"""Kilometres in a degree of latitude, on a sphere of 6371 km."""

SPREAD_KM = {"spot": 0.35, "city": 3.5, "region": 18.0}
"""Standard deviation, along each axis, of photos around the popular spot, in the city, and in its
surroundings."""


@dataclass(frozen=True)
class Shot:
    """What is settled before the picture: who takes it, where, of what, with which chances."""

    photographer: Photographer
    city: City
    place: tuple[float, float]
    """(latitude, longitude), degrees."""
    setting: str
    """spot, city or region."""
    seed: tuple[int, ...]
    """What the picture's own random numbers start from."""


@dataclass(frozen=True)
class Scene:
    """A drawn street and the truth about it."""

    image: Image.Image
    """RGB, 320 x 240."""
    place: tuple[float, float]
    """Where it was taken: (latitude, longitude), degrees."""
    city: City
    photographer: Photographer
    clues: dict[str, tuple[int, int, int, int]]
    """What gives the place away: name to its box (left, top, right, bottom) in pixels."""

    def __repr__(self) -> str:
        # Neither form names the city: a lesson may ask for it.
        return f"<Scene: {SIZE[0]} x {SIZE[1]} pixels, clues: {', '.join(self.clues)}>"

    def _repr_html_(self) -> str:
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG")
        return tag(f"A drawn street scene: {', '.join(self.clues)}", buffer.getvalue())

    def jpeg(self) -> bytes:
        """A JPEG whose EXIF says where it was taken."""
        buffer = io.BytesIO()
        exif, quality = exif_of(self.place), self.photographer.quality
        self.image.save(buffer, "JPEG", quality=quality, exif=exif)
        return buffer.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a JPEG whose EXIF says where it was taken; or, by its ending, a lossless PNG.

        Raises `PhotoError`.
        """
        png = Path(path).suffix.lower() == ".png"
        try:
            with replacing(path) as temporary:
                if png:
                    self.image.save(temporary, "PNG", compress_level=1)  # quick rather than small
                else:
                    temporary.write_bytes(self.jpeg())
        except OSError as error:
            raise PhotoError(f"{path}: cannot write the scene ({error})") from error


def exif_of(place: tuple[float, float]) -> Image.Exif:
    """EXIF with degrees, minutes, seconds, as cameras write them."""
    exif = Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "S" if place[0] < 0 else "N"
    gps[ExifTags.GPS.GPSLatitude] = _degrees(place[0])
    gps[ExifTags.GPS.GPSLongitudeRef] = "W" if place[1] < 0 else "E"
    gps[ExifTags.GPS.GPSLongitude] = _degrees(place[1])
    return exif


def _degrees(value: float) -> tuple[float, float, float]:
    minutes, degrees = math.modf(abs(value))
    seconds, minutes = math.modf(minutes * 60)
    return degrees, minutes, round(seconds * 60, 4)


def shoot(number: int, role: Role = "train", seed: int = 0) -> Shot:
    """Settle photo ``number`` of a set; each can be made without those before it."""
    start = (seed, ("train", "validation", "test").index(role), number)
    return settle(photographers(role), start)


def settle(crowd: Sequence[Photographer], start: tuple[int, ...]) -> Shot:
    """Settle one photo by somebody of the crowd; the same start gives the same photo."""
    rng = np.random.default_rng(start)
    photographer = crowd[int(rng.integers(len(crowd)))]
    city = photographer.homes[int(rng.integers(len(photographer.homes)))]
    setting = str(rng.choice(["spot", "city", "region"], p=[0.5, 0.38, 0.12]))
    middle = city.spot_place if setting == "spot" else city.place
    place = _scatter(middle, SPREAD_KM[setting], rng)
    return Shot(photographer, city, place, setting, (*start, 1))


def _scatter(
    middle: tuple[float, float], spread_km: float, rng: np.random.Generator
) -> tuple[float, float]:
    north, east = rng.normal(0, spread_km, 2).tolist()
    lat, lng = middle
    return lat + north / DEGREE_KM, lng + east / DEGREE_KM / math.cos(math.radians(lat))


class Chances:
    """The random numbers of a scene, part by part.

    Given to `draw` again with a shot of another look, they keep every part where it was: what a
    wider sign or a taller house takes of them is not missing from the next part.
    """

    def __init__(self, seed: tuple[int, ...]) -> None:
        self._rng = np.random.default_rng(seed)
        self._begun: dict[str, Any] = {}

    def of(self, part: str) -> np.random.Generator:
        """The numbers of a part; where it was drawn before, the same ones."""
        numbers = self._rng.bit_generator
        numbers.state = self._begun.setdefault(part, numbers.state)
        return self._rng


def draw(shot: Shot, chances: Chances | None = None) -> Scene:
    """Draw the scene of a shot: the same shot, the same pixels.

    ``chances`` that a shot was drawn with draw another look of it with everything in its place.
    """
    chances = chances or Chances(shot.seed)
    city, canvas, rng = shot.city, Canvas(), chances.of("view")
    view = View(160 + rng.uniform(-12, 12), shot.photographer.horizon + rng.uniform(-4, 4))
    sunny = draw_sky(canvas, view, city, chances.of("sky"))
    rng = chances.of("spot")
    if shot.setting == "spot":
        _draw_spot(canvas, view, city, rng)
    draw_ground(canvas, view, city, chances.of("ground"))
    _draw_rows(canvas, view, shot, chances, sunny=sunny)
    draw_cars(canvas, view, city, chances.of("cars"))
    rng = chances.of("shop sign")
    if rng.random() < 0.85:
        draw_shop_sign(canvas, view, city, -1 if city.drives == "right" else 1, rng)
    rng = chances.of("warning sign")
    if rng.random() < 0.65:
        draw_warning_sign(canvas, view, city, rng.uniform(1.35, 1.6))
    image = shot.photographer.develop(canvas.finished(), chances.of("camera"))
    return Scene(image, shot.place, city, shot.photographer, canvas.clues)


def _draw_spot(canvas: Canvas, view: View, city: City, rng: np.random.Generator) -> None:
    """Draw the landmark at the end of the street."""
    height, half = rng.uniform(78, 104), rng.uniform(32, 40)
    x = view.centre + rng.uniform(-14, 14)
    box = (x - half, view.horizon - height, x + half, view.horizon)
    draw_landmark(canvas, box, city.spot_shape, city.spot_colour)
    canvas.mark("landmark", box)


def _draw_rows(canvas: Canvas, view: View, shot: Shot, chances: Chances, *, sunny: bool) -> None:
    """Draw both sides of the street from far to near: houses, gaps, trees and their shadows."""
    depths = [0.95, 1.45, 2.1, 3.0, 4.2, 6.0]
    built = 0.35 if shot.setting == "region" else 0.94
    for near, far in zip(depths[-2::-1], depths[:0:-1], strict=True):
        for side in (-1, 1):
            rng = chances.of(f"house {side} {near}")
            if rng.random() < built:
                facade = Facade(view, side, near, far)
                draw_house(canvas, facade, shot.city, rng.uniform(0.86, 1.12), rng)
            rng = chances.of(f"tree {side} {near}")
            if rng.random() < (0.45 if built > 0.5 else 0.9):
                foot = (side * (KERB + 12), near + (far - near) * rng.uniform(0.2, 0.6))
                size = rng.uniform(84, 126)
                if sunny:
                    draw_shadow(canvas, view, shot.city, foot, size)
                draw_tree(canvas, view, shot.city, foot, size)
    low = view.at(0, 1.5)[1]
    canvas.mark("houses left", (0, 0, view.at(-HOUSE_LINE, 4)[0], low))
    canvas.mark("houses right", (view.at(HOUSE_LINE, 4)[0], 0, SIZE[0], low))
