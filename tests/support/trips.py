"""Trips for tests: a model that answers as it is told, and photos with times."""

from dataclasses import replace

import numpy as np
from PIL import Image

import geonb
from geonb_lab.trips.shots import KeptBelief, KnownPlace, Shot, Taken
from geonb_lab.trips.tracks import Track

MINI = geonb.load_model("mini")
START = 1_700_035_200.0
"""Seconds since 1970 at which trips begin: 15 November 2023, 08:00 UTC."""


def cell_near(place):
    """The number of mini's place nearest to one."""
    return int(geonb.distance(MINI.cells.places, place).argmin())


def reading(hours, towards, sure=0.6, known=None, cameras=None):
    """What is read of photos: when they were taken, and which cell each answer points to."""
    places = len(MINI.cells)
    shots = []
    for i, (hour, cell) in enumerate(zip(hours, towards, strict=True)):
        row = np.full(places, (1 - sure) / (places - 1), np.float32)
        row[cell] = sure
        taken = None if hour is None else Taken(START + 3600 * hour, zoned=True, source="given")
        place = KnownPlace(known[i], "EXIF") if known and i in known else None
        camera = cameras[i] if cameras else ""
        image = Image.new("RGB", (8, 8))
        shots.append(Shot(f"{i}.jpg", image, KeptBelief.of(row), taken, place, camera))
    return shots


def unzoned(taken):
    """The same time on a clock whose zone is not known."""
    return replace(taken, zoned=False)


def track(seconds, places, begins=()):
    """A track of fixes; ``begins`` are the numbers of those that begin a segment."""
    starts = np.isin(np.arange(len(seconds)), [0, *begins])
    off = np.full(len(seconds), 0.01)
    return Track("t.gpx", np.asarray(seconds, float), np.array(places, float), off, starts)
