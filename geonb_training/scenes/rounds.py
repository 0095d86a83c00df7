"""A round of the guessing game from drawn scenes: the same seed, the same photos for everyone."""

from __future__ import annotations

from itertools import count

from geonb.photos.photo import Photo
from geonb_training.scenes.scene import Scene, draw, shoot

STEPS = ("spot", "spot", "city", "city", "region")
"""From easy to hard: a landmark in the picture, a street in town, the countryside."""


def round_of_scenes(seed: int = 0) -> list[Scene]:
    """Draw five scenes of five countries, the easiest first, by people new to every training."""
    chosen: list[Scene] = []
    for number in count():
        if len(chosen) == len(STEPS):
            return chosen
        shot = shoot(number, "test", seed + 1000)
        countries = {scene.city.country for scene in chosen}
        if shot.setting == STEPS[len(chosen)] and shot.city.country not in countries:
            chosen.append(draw(shot))
    raise AssertionError  # count never ends


def round_of_photos(seed: int = 0) -> list[Photo]:
    """The same as photos with their places, for `geonb_lab.play`; their names tell nothing."""
    return [
        Photo(f"photo {number}", scene.jpeg(), "A drawn street: where is it?")
        for number, scene in enumerate(round_of_scenes(seed), start=1)
    ]
