"""Drawn trips: the same from the same number, at a pace that people can keep."""

from itertools import pairwise

import numpy as np
import pytest

import geonb
from geonb_training.scenes.cities import cities
from geonb_training.scenes.trips import PLANE_KMH, TOUR_KM, drawn_trip


def stays(trip):
    """The cities of a trip one after the other, each with the hours of its photos."""
    found = []
    for shot, hour in zip(trip.shots, trip.hours, strict=True):
        if not found or found[-1][0] != shot.city.name:
            found.append((shot.city.name, shot.city.place, []))
        found[-1][2].append(hour)
    return found


@pytest.mark.parametrize("way", ["tour", "life"])
def test_the_same_number_is_the_same_trip_of_one_person_nobody_trained_on(way):
    trip, again, other = (drawn_trip(number, way, photos=12) for number in (3, 3, 4))
    assert (trip.places, trip.hours) == (again.places, again.hours)
    assert trip.places != other.places
    assert len({shot.photographer.number for shot in trip.shots}) == 1
    assert trip.shots[0].photographer.role == "test"
    assert len(trip.shots) == len(trip.hours) == len(trip.places) == 12
    assert list(trip.hours) == sorted(trip.hours)
    first = next(trip.scenes())
    assert (first.place, first.image.size) == (trip.places[0], (320, 240))


def test_a_tour_leaves_home_for_two_to_four_cities_that_are_not_far():
    counts = set()
    for number in range(30):
        home, *others = stays(drawn_trip(number, photos=20))
        km = geonb.distance([place for _, place, _ in others], home[1])
        all_km = geonb.distance([city.place for city in cities()], home[1])
        if np.count_nonzero(all_km < TOUR_KM) > 2:  # two others at least
            assert (km < TOUR_KM).all()
            counts.add(len(others))
        assert all(len(hours) >= 3 for _, _, hours in (home, *others)), "evenly many in each"
        between = [there[2][0] - here[2][-1] for here, there in pairwise([home, *others])]
        assert min(between) > 12
    assert counts == {2, 3, 4}


def test_a_life_is_mostly_at_home_and_no_flight_is_faster_than_a_plane():
    at_home = []
    for number in range(30):
        trip = drawn_trip(number, "life", photos=40)
        home = trip.shots[0].city.name
        at_home += [shot.city.name == home for shot in trip.shots]
        for (_, here, before), (_, there, after) in pairwise(stays(trip)):
            assert after[0] - before[-1] > geonb.distance(here, there) / PLANE_KMH
    assert 0.4 < np.mean(at_home) < 0.95
