"""Distances between places, and bounds that hold across the ±180° line."""

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.errors import PlaceError, needing

EARTH_RADIUS_KM = 6371.0
"""The sphere of the blog and of the published tables; 6378.137 gives other percentages."""

Place = tuple[float, float]
"""(latitude, longitude) in decimal degrees, WGS-84."""
_NO_DEGREES = (bytes, bool, np.bool_, np.datetime64, np.timedelta64)  # yet `float` takes them
LATITUDES, LONGITUDES = ("lat", "latitude"), ("lng", "lon", "long", "longitude")
"""What columns of tables are called; geonb's own name first."""


def check_points(points: ArrayLike) -> NDArray[np.float64]:
    """Give ``points`` as a float array (..., 2) of latitude and longitude in degrees.

    Raises `PlaceError` where a coordinate is no number, or outside ±90 and ±180 degrees.
    """
    try:
        array = as_degrees(points)
    except (TypeError, ValueError, OverflowError) as error:
        raise PlaceError(f"expected (latitude, longitude) in degrees ({error!s:.200})") from error
    if array.ndim == 0 or array.shape[-1] != 2:
        raise PlaceError(f"expected (latitude, longitude) pairs, got an array {array.shape}")
    wrong = ~np.all(np.abs(array) <= (90.0, 180.0), axis=-1)  # also where NaN
    if wrong.any():
        lat, lng = array[wrong][0]
        text = f"({lat:g}, {lng:g}) is not a place: latitude is within ±90, longitude within ±180"
        if 90 < abs(lat) <= 180 and abs(lng) <= 90:
            text += "; the two look swapped: geonb takes latitude first"
        several = wrong.size > 1
        raise PlaceError(text + f" ({wrong.sum()} of {wrong.size} points)" * several)
    return array


def as_degrees(points: ArrayLike) -> NDArray[np.float64]:
    """Numbers as an array, NaN where they are masked; a frame's columns and rows go by their names.

    Raises `TypeError` or `ValueError` for dates, bytes and whatever else isn't a real number.
    """
    labels = getattr(points, "columns", getattr(points, "index", ()))  # of a table, or of its row
    names = [str(name).strip().lower() for name in (() if callable(labels) else labels)]
    known = [[names.index(name) for name in names if name in k] for k in (LATITUDES, LONGITUDES)]
    if all(known):
        points = np.asarray(points)[..., [columns[0] for columns in known]]
    values: Any = np.ma.asanyarray(points)
    objects = values.flat if values.dtype.kind == "O" else ()
    if values.dtype.kind not in "iufOU" or any(isinstance(x, _NO_DEGREES) for x in objects):
        raise TypeError(f"{values.dtype} are no degrees")
    return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))


@np.errstate(under="ignore")
def haversine(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great-circle kilometres between degrees ``a`` and ``b``, (..., 2) each, unchecked."""
    lat1, lng1, lat2, lng2 = map(np.radians, (a[..., 0], a[..., 1], b[..., 0], b[..., 1]))
    north, east = np.sin((lat2 - lat1) / 2), np.sin((lng2 - lng1) / 2)
    h = north**2 + np.cos(lat1) * np.cos(lat2) * east**2
    # Rounding can lift h a hair above 1 at antipodes, where asin would answer NaN.
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(h, 1.0))))


def geodesic(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kilometres along the WGS-84 ellipsoid (Karney 2013), one pair after the other."""
    with needing("a geodesic distance", "geographiclib", "geodesic"):
        from geographiclib.geodesic import Geodesic
    inverse = Geodesic.WGS84.Inverse
    metres = np.vectorize(lambda *p: inverse(*p, Geodesic.DISTANCE)["s12"], otypes=[float])
    return np.asarray(metres(a[..., 0], a[..., 1], b[..., 0], b[..., 1]) / 1000.0)


_METHODS = {"haversine": haversine, "geodesic": geodesic}


@overload
def distance(p1: Place, p2: Place, method: Literal["haversine", "geodesic"] = ...) -> float: ...
@overload
def distance(
    p1: ArrayLike, p2: ArrayLike, method: Literal["haversine", "geodesic"] = ...
) -> Any: ...
def distance(
    p1: ArrayLike, p2: ArrayLike, method: Literal["haversine", "geodesic"] = "haversine"
) -> Any:
    """Measure the kilometres between ``p1`` and ``p2``, places or arrays (..., 2) of places.

    ``haversine`` is the blog's great circle on a sphere of 6371 km, as in every published
    table; ``geodesic`` (needs ``geonb[geodesic]``) is on the ellipsoid, and differs by up to 0.6 %.
    Two places give a float; arrays broadcast, and give an array. Raises `PlaceError`.
    """
    if method not in _METHODS:
        raise ValueError(f"method is 'haversine' or 'geodesic', not {method!r}")
    km = _METHODS[method](check_points(p1), check_points(p2))
    return float(km) if km.ndim == 0 else km


def bounds(points: Sequence[Place] | ArrayLike) -> tuple[float, float, float, float]:
    """Give south, west, north, east of the smallest box that holds all ``points`` (N, 2).

    The box may cross the ±180° line: then east is beyond 180, so that west <= east always.
    """
    array = check_points(points).reshape(-1, 2)
    if not len(array):
        raise PlaceError("bounds need at least one place")
    lngs = np.unique(array[:, 1])
    gaps = np.diff(lngs, prepend=lngs[-1] - 360.0)  # the empty stretch west of each longitude
    first = int(np.argmax(gaps))  # the box is what the widest one leaves over
    west, east = float(lngs[first]), float(lngs[first - 1]) + (360.0 if first else 0.0)
    return float(array[:, 0].min()), west, float(array[:, 0].max()), east
