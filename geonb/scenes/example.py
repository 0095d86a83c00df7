"""The example photo that comes with geonb: ``python -m geonb.scenes.example FILE`` draws it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from geonb.scenes import draw, shoot

if TYPE_CHECKING:
    from geonb.scenes import Scene

NUMBER = 21303
"""Which test photo it is. Chosen, not drawn by lot: a photo of Tokyo by a photographer whom no
training has seen, that mini locates rightly without being sure of it."""


def example() -> Scene:
    """Draw the example scene."""
    return draw(shoot(NUMBER, "test", seed=1))


if __name__ == "__main__":
    example().save(sys.argv[1])
