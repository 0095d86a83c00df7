"""The Equal Earth projection: a map of the world on which areas are true."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def equal_earth(points: NDArray[Any]) -> NDArray[Any]:
    """Degrees (..., 2) on the map: x to the east and y to the north, (..., 2).

    The world is 5.41 wide and 2.63 high there. Source: Šavrič, Patterson, Jenny, International
    Journal of GIS 33 (2019). The numbers are of the type of ``points``, and worked out in
    the order of GeoCLIP's authors, as its network has learned from theirs to the last bit.
    """
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    root = math.sqrt(3)
    lat, lng = np.moveaxis(np.radians(points), -1, 0)
    t = np.arcsin(root / 2 * np.sin(lat))
    slope = 9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1
    x = 2 * root * lng * np.cos(t) / (3 * slope)
    y = a4 * t**9 + a3 * t**7 + a2 * t**3 + a1 * t
    return np.stack([x, y], axis=-1)
