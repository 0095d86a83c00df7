"""Axes and colours that all plots of measurements share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.errors import printable
from geonb_lab.evaluation.scores import THRESHOLDS_KM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which the colour-blind can tell apart.
OWN, OTHERS, CONSTANT = "#0072b2", ("#d55e00", "#009e73", "#cc79a7", "#e69f00"), "#777777"
RIM = 0.03  # of the whole, so that marks at 0 and 100% are not cut


def new_axes(width: float = 7.0) -> tuple[Figure, Axes]:
    """An empty plot with a grid."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(width, 4.4), layout="constrained")
    axes = canvas.subplots()
    axes.grid(alpha=0.3)
    return canvas, axes


def by_distance(axes: Axes) -> None:
    """Make the axes distances on a logarithmic scale, and per cent of photos."""
    axes.set(xscale="log", xlabel="distance to the truth (km)", ylabel="photos within it (%)")
    axes.set_ylim(-100 * RIM, 100 * (1 + RIM))
    axes.set_xticks(THRESHOLDS_KM, [f"{km:g}" for km in THRESHOLDS_KM])
    axes.minorticks_off()


def literal(name: str) -> str:
    """The name as matplotlib draws it letter by letter; text between two $ is mathematics to it."""
    return printable(name).replace("$", r"\$")


def arms(values: ArrayLike, intervals: ArrayLike) -> NDArray[np.float64]:
    """How far intervals (N, 2) reach below and above their values (N,): (2, N), for `errorbar`."""
    return np.abs(np.asarray(intervals).T - np.asarray(values))
