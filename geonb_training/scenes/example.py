"""Draw the shipped example photo: ``python -m geonb_training.scenes.example FILE``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from geonb_training.scenes import draw, shoot

if TYPE_CHECKING:
    from geonb_training.scenes import Scene

NUMBER = 21303
"""Which test photo it is. Chosen, not drawn by lot: a photo of Tokyo by a photographer whom no
training has seen, that mini locates rightly without being sure of it."""


def example() -> Scene:
    """Draw the example scene."""
    return draw(shoot(NUMBER, "test", seed=1))


if __name__ == "__main__":
    example().save(sys.argv[1])
