"""Draw the shipped example photos: ``python -m geonb_training.scenes.example FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from geonb_training.scenes import draw, shoot

if TYPE_CHECKING:
    from geonb_training.scenes import Scene

NUMBERS = {"tokyo": 21303, "lima": 22302, "nairobi": 21559, "paris": 22046, "cairo": 22209}
"""Which test photos they are. Chosen by hand, of photographers whom no training has seen: mini
locates four of them without being sure, and gets Paris wrong."""


def example(name: str = "tokyo") -> Scene:
    """Draw an example scene."""
    return draw(shoot(NUMBERS[name], "test", seed=1))


if __name__ == "__main__":
    for name in NUMBERS:
        file = "example.jpg" if name == "tokyo" else f"{name}.jpg"
        example(name).save(Path(sys.argv[1], file))
