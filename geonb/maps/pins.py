"""What every map shows: the numbered places and the true one, in words, and the box around them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geonb.answers import RADII_KM
from geonb.distances import Place, bounds, distance
from geonb.maps.plane import Box, Line
from geonb.predictions import Predictions
from geonb.shown.sheets import percent

TRUTH = "★"
"""The mark of the true place."""
BEST_COLOUR, PIN_COLOUR, TRUTH_COLOUR = "#c43c1c", "#2e5f8a", "#00664b"
"""Vermilion, blue and green that the colour-blind can tell apart, dark enough for white digits."""

CLUSTER_KM, TRUTH_KM = 300.0, 1500.0
"""Guesses this near to the best one share its close-up, and the true place if it's that near."""
_MERCATOR_END = 85.0
"""Degrees; the latitude where Mercator maps end."""


@dataclass(frozen=True)
class Pin:
    """One place on a map, as its pin shows it.

    Attributes:
        place: Latitude and longitude in degrees.
        mark: The rank, or `TRUTH`.
        text: The place in words: town, probability, distance to the true place.
        probability: 0 to 1; 1 for the true place.
    """

    place: Place
    mark: str
    text: str
    probability: float = 1.0

    @property
    def on_mercator(self) -> Place:
        """Where a Mercator map shows it: such maps end at 85°, and poles stand at their edge."""
        return on_map(self.place[0]), self.place[1]

    @property
    def colour(self) -> str:
        """As its rank or the truth has it."""
        return {"1": BEST_COLOUR, TRUTH: TRUTH_COLOUR}.get(self.mark, PIN_COLOUR)

    @property
    def radius(self) -> float:
        """In pixels: the area grows with the probability."""
        return 10.0 if self.mark == TRUTH else 9 + 14 * math.sqrt(self.probability)

    @property
    def front(self) -> int:
        """A pin with a higher number covers one with a lower: the true place, then the best."""
        return 1 if self.mark == TRUTH else -int(self.mark)

    @property
    def words(self) -> str:
        """What the pin says."""
        return f"{self.mark}: {self.text}"


def pins_of(predictions: Predictions) -> list[Pin]:
    """The predictions by rank, and after them the true place where it is known."""
    distances = predictions.distances
    marked = []
    for number, p in enumerate(predictions):
        text = f"{p.town}, {percent(p.probability)}"
        if distances is not None:
            text += f", {in_km(distances[number])} from the true place"
        marked.append(Pin(p.place, str(p.rank), text, p.probability))
    if predictions.truth is not None and distances is not None:
        text = f"true place, {in_degrees(predictions.truth)}, {in_km(distances[0])} from guess 1"
        marked.append(Pin(predictions.truth, TRUTH, text))
    return marked


def move_apart(spots: Line, marked: Sequence[Pin], size: float = 1.0) -> Line:
    """Where pins (N, 2) stand so that none covers another; the true place stays.

    ``size`` is the units of ``spots`` per unit of `Pin.radius`.
    """
    moved = spots + np.stack([np.arange(len(spots)) * 0.01, np.zeros(len(spots))], axis=-1)
    radii = size * np.array([pin.radius for pin in marked])
    free = np.array([float(pin.mark != TRUTH) for pin in marked])
    for _ in range(200):
        gap = moved[:, None] - moved[None]  # (N, N, 2)
        far = np.hypot(gap[..., 0], gap[..., 1]) + np.eye(len(spots)) * 1e9
        lack = np.maximum(radii[:, None] + radii[None] + 1 - far, 0.0)
        if not lack.any() or lack.max() < 0.1:
            break
        share = free[:, None] / np.maximum(free[:, None] + free[None], 1.0)
        moved += (gap / np.maximum(far, 1e-9)[..., None] * (lack * share)[..., None]).sum(axis=1)
    return moved


def box(predictions: Predictions) -> Box:
    """South, west, north, east around all pins; east is beyond 180 across the ±180° line."""
    truth = [] if predictions.truth is None else [predictions.truth]
    return bounds([*predictions.places, *truth])


def near(predictions: Predictions) -> list[Place]:
    """The guesses around the best one, and the true place if it isn't far."""
    best, truth = predictions[0].place, predictions.truth
    places = [p for p in predictions.places if distance(p, best) < CLUSTER_KM]
    return places if truth is None or distance(truth, best) > TRUTH_KM else [*places, truth]


def spread_out(predictions: Predictions) -> bool:
    """Whether a view of all pins shows the answer too small: some lie far from it."""
    south, west, north, east = box(predictions)
    low, left, high, right = bounds(near(predictions))
    return max(north - south, east - west) > 4 * max(high - low, right - left, 1.0)


def view(box: Box) -> tuple[Place, int]:
    """The centre of a Mercator map that shows a box, on its turn of the globe, and its zoom.

    The map may be as small as 380 x 400 pixels; 70 on each side are for pins that move apart.
    """
    south, west, north, east = box
    low, high = (math.asinh(math.tan(math.radians(on_map(lat)))) for lat in (south, north))
    wide = (east - west) / 360 / 240
    tall = (high - low) / math.tau / 260
    zoom = math.floor(-math.log2(max(wide, tall, 1e-9) * 256))  # pixels of the world at zoom 0
    centre = math.degrees(math.atan(math.sinh((low + high) / 2))), (west + east) / 2
    return centre, min(max(zoom, 0), 10)  # at 10 a city fills it


def on_map(lat: float) -> float:
    """A latitude, or where a Mercator map ends."""
    return min(max(lat, -_MERCATOR_END), _MERCATOR_END)


def turned(lng: float) -> float:
    """A longitude beyond ±180° as it is named on the globe."""
    return lng if -180 <= lng <= 180 else nearest_turn(lng, 0)


def nearest_turn(lng: Any, centre: float) -> Any:
    """The longitude or longitudes, in degrees, on the turn of the globe around ``centre``."""
    return (lng - centre + 180) % 360 - 180 + centre


def in_degrees(place: Place) -> str:
    """A place as people write it: 35.6599° N, 139.7289° E."""
    lat, lng = place
    return f"{abs(lat):.4f}° {'NS'[lat < 0]}, {abs(lng):.4f}° {'EW'[lng < 0]}"


def in_km(km: float) -> str:
    """A distance as people write it: 1.2 km, 9,215 km."""
    return f"{km:,.0f} km" if km >= 100 else f"{km:,.1f} km"


def headline(predictions: Predictions) -> str:
    """The warning, or the answer: the town, with a "Perhaps" if the model isn't sure."""
    warning, answer = predictions.warning.partition(":")[0], predictions.answer
    return warning or f"{'Perhaps ' if answer and not answer.sure else ''}{predictions[0].town}"


def how_sure(predictions: Predictions) -> str:
    """How sure the answer is, whose it is, and among which places, in a sentence or two."""
    answer, model = predictions.answer, predictions.model
    if answer is None:
        share = percent(sum(p.probability for p in predictions))
        said = f"{model} gives these {len(predictions)} places {share} together."
    elif answer.radius_km is None:
        said = (
            f"{model} isn't sure: only {percent(answer.shares[-1])} of the probability lies "
            f"within {RADII_KM[-1]:g} km of here."
        )
    else:
        share = percent(answer.shares[RADII_KM.index(answer.radius_km)])
        where = f"Probably within {answer.radius_km:g} km"
        said = f"{where}: {model} puts {share} of the probability there."
    return f"{said} {predictions.restriction}".strip()


def in_words(predictions: Predictions) -> str:
    """A map of predictions in words, for people who can't see it."""
    said = "; ".join(pin.words for pin in pins_of(predictions))
    said = f"Map with {len(predictions)} numbered pins. {said}. {predictions.restriction}"
    return f"{predictions.warning} {said}".strip()
