"""Synthetic street scenes: photos that need no network. Start at `scene`."""

from geonb.scenes.cities import City, cities
from geonb.scenes.photographers import Photographer, photographers
from geonb.scenes.scene import Scene, Shot, contact_sheet, draw, held_out, shoot, write_scenes

__all__ = [
    "City",
    "Photographer",
    "Scene",
    "Shot",
    "cities",
    "contact_sheet",
    "draw",
    "held_out",
    "photographers",
    "shoot",
    "write_scenes",
]
