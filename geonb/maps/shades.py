"""Shades of probability: every cell in one of a few classes, each ten times the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Steps of cividis, which the colour-blind see like everyone else; dark is probable.
_CLASSES = (
    (0.1, "over 10 %", "#00204d", "dark blue"),
    (0.01, "1 to 10 %", "#414d6b", "blue-grey"),
    (0.001, "0.1 to 1 %", "#7c7b78", "grey"),
    (0.0001, "0.01 to 0.1 %", "#bcae6c", "olive"),
    (0.0, "under 0.01 %", "#f2e28c", "pale yellow"),
)


@dataclass(frozen=True)
class Shade:
    """One class of probability and its cells."""

    label: str
    """The class in words."""
    colour: str
    """Of its cells."""
    colour_name: str
    """The colour in words."""
    cells: list[int]
    """Their indices."""


def shades(belief: NDArray[np.float64]) -> list[Shade]:
    """Sort cells (N,) by their probability into classes, the least probable first."""
    above = np.inf
    found = []
    for least, label, colour, name in _CLASSES:
        indices = np.flatnonzero((belief >= least) & (belief < above)).tolist()
        found.append(Shade(label, colour, name, indices))
        above = least
    return [shade for shade in reversed(found) if shade.cells]
