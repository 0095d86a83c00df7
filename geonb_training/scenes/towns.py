"""Towns that don't exist, with looks of their own: places that no model has seen."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from geonb.errors import TrainingError
from geonb_training.scenes.cities import City, cities
from geonb_training.scenes.photographers import Photographer, photographers
from geonb_training.scenes.scene import settle
from geonb_training.scenes.sets import write_shots

_TOWNS = 8
_MIDDLE = (-25.0, 133.0)  # degrees: far from every city of the table
_STEP = 0.5  # degrees between neighbours on a grid: about 55 km
_HOMES = 3
_LOOKS = (  # each of these comes from another city of the table
    ("building", "wall", "roof", "climate"),
    ("script",),
    ("plate", "plate_shape", "taxi"),
    ("drives", "centre_line", "warning"),
    ("spot_shape", "spot_colour"),
)


@cache
def towns() -> tuple[City, ...]:
    """Eight towns about 55 km apart; each mixes the looks of five cities."""
    rng = np.random.default_rng(2018)
    mixed = [rng.permutation(len(cities()))[:_TOWNS].tolist() for _ in _LOOKS]
    made = []
    for i in range(_TOWNS):
        row, column = divmod(i, 4)
        lat, lng = _MIDDLE[0] + row * _STEP, _MIDDLE[1] + column * _STEP
        look = {
            name: getattr(cities()[numbers[i]], name)
            for numbers, names in zip(mixed, _LOOKS, strict=True)
            for name in names
        }
        name, spot_place = f"Town {i + 1}", (lat + 0.01, lng + 0.01)
        look |= {"name": name, "country": "Nowhere", "place": (lat, lng)}
        look |= {"spot": f"the spot of {name}", "spot_place": spot_place}
        made.append(replace(cities()[0], **look))
    return tuple(made)


@cache
def _people(count: int) -> tuple[Photographer, ...]:
    """Photographers whose photos no training has seen, who have moved to the towns."""
    rng = np.random.default_rng(2019)
    crowd = photographers("test")
    if not 1 <= count <= len(crowd):
        raise TrainingError(f"the towns have 1 to {len(crowd)} photographers, not {count}")
    return tuple(
        replace(p, homes=tuple(towns()[i] for i in rng.permutation(_TOWNS)[:_HOMES].tolist()))
        for p in crowd[:count]
    )


def write_towns(folder: Path, scenes: int, people: int) -> None:
    """Write scenes of the towns as JPEG files with EXIF, one folder per photographer.

    Existing files are kept. Raises `TrainingError` for more photographers than there are, or
    fewer than one, and `PhotoError` if a file can't be written.
    """
    crowd = _people(people)
    write_shots(folder, ((number, settle(crowd, (2020, number))) for number in range(scenes)))
