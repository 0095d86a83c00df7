"""Drawn trips, located together."""

import pytest

from geonb_lab.trips.trip import locate_trip
from geonb_training.scenes.trips import drawn_trip
from support.trips import MINI, START


@pytest.fixture(scope="session")
def trips():
    """Four drawn trips of 14 photos, located together, and the true places."""
    drawn = [drawn_trip(number, photos=14) for number in range(4)]
    located = [
        locate_trip(
            MINI,
            [scene.image for scene in trip.scenes()],
            times=[START + 3600 * hour for hour in trip.hours],
            progress=False,
        )
        for trip in drawn
    ]
    return located, [trip.places for trip in drawn]
