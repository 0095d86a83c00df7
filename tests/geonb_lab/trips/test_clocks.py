import numpy as np
import pytest

from geonb_lab.trips.clocks import set_clocks
from geonb_lab.trips.movement import Ground, TripError
from geonb_lab.trips.trip import connect
from support.trips import MINI, START, cell_near, reading, track, unzoned

PARIS, ROME, TOKYO = (48.8566, 2.3522), (41.9028, 12.4964), (35.6895, 139.6917)
GROUND = Ground(MINI.cells)
HOURS = [0, 1, 2, 10, 11, 12, 20, 21, 22]
"""The phone: in Paris, in Rome at 10, in Paris again at 20."""


def two(hours, zoned, cities=(PARIS, ROME, PARIS), phone=HOURS):
    """A phone whose times are sure, and a camera that was at the same places at ``hours``."""
    there = [cell_near(city) for city in cities for _ in range(3)]
    places = [cell_near(city) for city in (PARIS, ROME, PARIS) for _ in range(3)]
    cameras = ["Phone"] * len(phone) + ["Canon EOS"] * len(hours)
    read = reading([*phone, *hours], [*places[: len(phone)], *there], 0.9, cameras=cameras)
    if not zoned:
        read.times[len(phone) :] = map(unzoned, read.times[len(phone) :])
    return read


@pytest.mark.parametrize("wrong", [-24, 24])
def test_a_clock_that_is_a_day_wrong_is_found_and_told(wrong):
    read = two([h + wrong + 0.5 for h in HOURS], zoned=True)
    (note,) = set_clocks(read, MINI, GROUND)
    assert note == f"Canon EOS: its clock is {wrong:+g} h off beside the others; corrected".replace(
        f"{wrong:+g}", f"{'-' if wrong < 0 else '+'}{abs(wrong)}"
    )
    assert [(t.seconds - START) / 3600 for t in read.times[9:]] == [h + 0.5 for h in HOURS]


def test_a_clock_that_is_right_is_left_alone():
    read = two([h + 0.5 for h in HOURS], zoned=True)
    before = list(read.times)
    assert set_clocks(read, MINI, GROUND) == []
    assert read.times == before


def test_an_unknown_zone_is_found_by_where_photos_are():
    read = two([h + 9.5 for h in HOURS], zoned=False)
    (note,) = set_clocks(read, MINI, GROUND)
    assert "times without a zone, taken as UTC+" in note
    found = (read.times[9].seconds - START) / 3600
    assert found == pytest.approx(0.5, abs=1.01)  # an hour more or less explains them as well
    assert all(time.zoned for time in read.times)


def test_without_anything_better_the_zone_is_that_of_the_sun():
    tokyo = (TOKYO, TOKYO, TOKYO)
    read = two([500 + h for h in HOURS], zoned=False, cities=tokyo)
    (note,) = set_clocks(read, MINI, GROUND)
    assert "UTC+9 h, by where its photos are" in note


def test_given_clocks_are_taken():
    for name in ("camera", "canon", "Canon EOS"):
        read = two([h + 2.5 for h in HOURS], zoned=False)
        assert set_clocks(read, MINI, GROUND, given={name: "+02:00"}) == []
        assert (read.times[9].seconds - START) / 3600 == 0.5
    with pytest.raises(
        TripError, match=r"no camera is called 'Nikon'; there are: Phone, Canon EOS"
    ):
        set_clocks(two(HOURS, zoned=False), MINI, GROUND, given={"Nikon": "+02:00"})


def test_a_camera_that_was_elsewhere_all_the_time_is_another_persons():
    read = two([h + 0.25 for h in HOURS], zoned=True, cities=(TOKYO, TOKYO, TOKYO))
    (note,) = set_clocks(read, MINI, GROUND)
    assert "another person's" in note
    trip = connect(MINI, read)
    assert len(trip.parts) == 2
    assert trip[9].probabilities.argmax() == cell_near(TOKYO)
    assert trip[0].probabilities.argmax() == cell_near(PARIS)


def test_a_track_is_a_clock_too():
    seconds = START + 3600 * np.arange(0, 23, 0.25)
    places = [ROME if 9.5 < (s - START) / 3600 < 13 else PARIS for s in seconds]
    read = two([h + 9.5 for h in HOURS], zoned=False, phone=[])
    (note,) = set_clocks(read, MINI, GROUND, [track(seconds, places)])
    assert "UTC+" in note
    assert (read.times[0].seconds - START) / 3600 == pytest.approx(0.5, abs=1.6)


def test_one_camera_without_a_zone_is_left_as_it_is():
    read = reading(HOURS, [cell_near(PARIS)] * 9, cameras=["Canon"] * 9)
    read.times = list(map(unzoned, read.times))
    assert set_clocks(read, MINI, GROUND) == []
    assert read.times[0].seconds == START
