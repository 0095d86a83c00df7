"""Synthetic street scenes: photos that need no network. Start at `scene`."""

from geonb_training.scenes.cities import City, cities
from geonb_training.scenes.knobs import Street, example_street
from geonb_training.scenes.photographers import Photographer, photographers
from geonb_training.scenes.scene import Scene, Shot, draw, shoot
from geonb_training.scenes.sets import (
    contact_sheet,
    draw_set,
    held_out,
    round_of_photos,
    round_of_scenes,
    write_scenes,
)
from geonb_training.scenes.towns import towns, write_towns
from geonb_training.scenes.trips import drawn_trip

__all__ = [
    "City",
    "Photographer",
    "Scene",
    "Shot",
    "Street",
    "cities",
    "contact_sheet",
    "draw",
    "draw_set",
    "drawn_trip",
    "example_street",
    "held_out",
    "photographers",
    "round_of_photos",
    "round_of_scenes",
    "shoot",
    "towns",
    "write_scenes",
    "write_towns",
]
