"""Where things on and beside a street come to lie in the picture."""

from dataclasses import dataclass

KERB = 98.0
"""Half the road's width, in street units: pixels at depth 1, the picture's lower edge."""

HOUSE_LINE = 124.0
"""Where the houses begin, in street units from the middle of the road."""


@dataclass(frozen=True)
class View:
    """A street that runs straight away from the camera; depth 1 is nearest."""

    centre: float
    """x of the vanishing point, pixels."""
    horizon: float
    """y of the horizon, pixels."""

    def at(self, across: float, depth: float, up: float = 0) -> tuple[float, float]:
        """Pixel of a point ``across`` and ``up`` street units from the middle of the road."""
        ground = 240 - self.horizon
        return self.centre + across / depth, self.horizon + (ground - up) / depth

    def upright(
        self, across: float, depth: float, width: float, bottom: float, top: float
    ) -> tuple[float, float, float, float]:
        """Box of an upright thing that faces the camera, street units to pixels."""
        left, low = self.at(across - width / 2, depth, bottom)
        right, high = self.at(across + width / 2, depth, top)
        return left, high, right, low


@dataclass(frozen=True)
class Facade:
    """The wall of one house along the street."""

    view: View
    side: int
    """-1 for the left side of the street, 1 for the right."""
    near: float
    far: float
    """Depths of its two ends."""

    def at(self, along: float, up: float, out: float = 0) -> tuple[float, float]:
        """Pixel of a point ``along`` (0 near, 1 far), ``up``, and ``out`` over the pavement."""
        depth = self.near + (self.far - self.near) * along
        return self.view.at(self.side * (HOUSE_LINE - out), depth, up)

    def panel(
        self, start: float, stop: float, low: float, high: float
    ) -> tuple[tuple[float, float], ...]:
        """Corners of a rectangle on the wall."""
        return self.at(start, low), self.at(start, high), self.at(stop, high), self.at(stop, low)
