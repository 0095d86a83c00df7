from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.earth.places import nearest_town
from geonb_lab.trips.chain import Movement, TripError
from geonb_lab.trips.trip import connect, locate_trip
from support.trips import MINI, cell_near, reading

PARIS, ROME, TOKYO = (48.8566, 2.3522), (41.9028, 12.4964), (35.6895, 139.6917)


def test_a_photo_without_a_time_stands_alone():
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    trip = connect(MINI, reading([0, None, 2], [paris, tokyo, paris]))
    assert trip[1].probabilities.argmax() == tokyo
    assert trip[1].neighbours == ()
    assert (trip[1].on_path, trip[1].elsewhere, trip[1].fits) == (None, None, 1.0)
    assert repr(trip[1]) == f"<1.jpg: {nearest_town(MINI.cells.place(tokyo))}>"
    assert any("1 photo has no time" in note for note in trip.notes)


def test_a_known_place_holds_and_moves_the_others():
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    read = reading([0, 1, 2], [tokyo, tokyo, paris], 0.4, known={0: PARIS})
    trip = connect(MINI, read)
    assert [trip[i].probabilities.argmax() for i in range(3)] == [paris] * 3
    assert not trip.notes


def test_a_known_place_that_the_rest_contradicts_is_named():
    paris = cell_near(PARIS)
    trip = connect(MINI, reading(range(6), [paris] * 6, 0.9, known={3: TOKYO}))
    (note,) = trip.notes
    assert note.startswith("3.jpg: the others contradict its place (EXIF)")
    assert "Japan" in note
    assert "France" in note
    assert trip[2].probabilities.argmax() == paris


def test_contradicting_known_places_do_not_stop_the_rest():
    paris = cell_near(PARIS)
    known = {0: PARIS, 1: TOKYO, 2: PARIS}
    trip = connect(
        MINI, reading([0, 0.5, 1, 1.5], [paris] * 4, 0.9, known=known), certain_clocks=True
    )
    assert any("1.jpg" in note for note in trip.notes)
    assert trip[3].probabilities.argmax() == paris


@pytest.mark.parametrize("cameras", [None, [""] * 2 + [f"Editor {i}" for i in range(30)]])
def test_a_burst_or_copies_count_once(cameras):
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    burst = [2 + i / 3600 for i in range(30)]
    hours, towards = [0, 1, *burst], [paris, paris, *[tokyo] * 30]
    trip = connect(MINI, reading(hours, towards, 0.6, cameras=cameras))
    once = connect(MINI, reading([0, 1, 2], [paris, paris, tokyo], 0.6))
    np.testing.assert_allclose(trip[0].probabilities, once[0].probabilities, atol=1e-6)


def test_months_apart_nothing_connects_photos():
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    trip = connect(MINI, reading([0, 1, 5000, 5001], [paris, paris, tokyo, tokyo]))
    assert len(trip.parts) == 2
    np.testing.assert_allclose(
        trip[0].probabilities,
        connect(MINI, reading([0, 1], [paris, paris]))[0].probabilities,
        atol=1e-6,
    )


def test_equal_times_are_a_place_at_a_time():
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    trip = connect(MINI, reading([0, 0, 0], [paris, tokyo, paris], 0.6))
    assert [trip[i].probabilities.argmax() for i in range(3)] == [paris] * 3


@pytest.mark.parametrize("jump", [-17, -21.5, 24 * 400, -24 * 400])
def test_a_clock_that_jumps_is_told_and_nothing_is_lost(jump):
    """Six hours in Paris, and 16 later in Tokyo, where the clock had been set anew."""
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    hours = [*range(6), *(h + 16 + jump for h in range(6, 12))]
    trip = connect(MINI, reading(hours, [paris] * 6 + [tokyo] * 6, 0.999))
    assert len(trip) == 12
    if abs(jump) > 1000:  # what lies months apart is a trip of its own
        assert [len(part) for part in trip.parts] == [6, 6]
        assert [photo.probabilities.argmax() for photo in trip] == [paris] * 6 + [tokyo] * 6
    else:  # at once in the one and in the other
        (note,) = trip.notes
        assert note in {
            "no movement leads from 5.jpg to 6.jpg in 0.0 hours; a wrong clock?",
            "6 photos fit the others badly, such as 6.jpg: a wrong clock, or somebody else's?",
        }


def test_a_step_that_is_too_fast_is_told():
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    hours = [0, 0.1, 0.2, 0.3, 1, 1.1, 1.2, 1.3]
    trip = connect(MINI, reading(hours, [paris] * 4 + [tokyo] * 4, 0.9))
    assert trip.notes == ("no movement leads from 3.jpg to 4.jpg in 0.7 hours; a wrong clock?",)
    assert [photo.probabilities.argmax() for photo in trip] == [paris] * 4 + [tokyo] * 4


def test_times_may_be_datetimes_and_a_photo_that_fails_is_told():
    scene = Image.new("RGB", (64, 48), "green")
    when = [datetime(2024, 5, 1, 12, tzinfo=UTC), None, datetime(2024, 5, 1, 13, tzinfo=UTC)]
    trip = locate_trip(MINI, [scene, b"no photo", scene], times=when, progress=False)
    assert len(trip) == 2
    assert [photo.taken.seconds for photo in trip] == [when[0].timestamp(), when[2].timestamp()]
    assert len(trip.failures) == 1
    assert "2 photos" in repr(trip)
    assert "<table" in trip._repr_html_()


def test_photos_none_of_which_has_a_time_stand_alone():
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    trip = connect(MINI, reading([None, None], [paris, tokyo]))
    assert [photo.probabilities.argmax() for photo in trip] == [paris, tokyo]


def test_places_that_are_given_go_before_those_of_the_files():
    photos = [geonb.example_photo("tokyo"), geonb.example_photo("lima")]
    trip = locate_trip(MINI, photos, known=[ROME, None], progress=False)
    assert [photo.known and photo.known.place for photo in trip] == [ROME, None]
    assert trip[0].known.source == "given"


def test_one_line_says_what_is_wrong():
    scene = Image.new("RGB", (64, 48))
    with pytest.raises(TripError, match="1 times for 2 photos"):
        locate_trip(MINI, [scene, scene], times=[0.0], progress=False)
    with pytest.raises(TripError, match="no photo of the trip"):
        locate_trip(MINI, [b"x"], progress=False)
    with pytest.raises(TripError, match="no photo of the trip"):
        locate_trip(MINI, [], progress=False)


def test_a_way_of_moving_can_be_given():
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    read = reading([0, 1, 20, 21], [paris, paris, tokyo, tokyo], 0.9)
    flown = connect(MINI, read, "flights")
    walked = connect(MINI, read, Movement(speed_kmh=6), certain_clocks=True)
    assert flown[3].probabilities.argmax() == tokyo
    assert walked[0].probabilities.argmax() == walked[3].probabilities.argmax()


def test_a_movement_that_is_none_is_one_line():
    with pytest.raises(TripError, match="'car'; give walking, road, flights, or your own"):
        connect(MINI, reading([0.0], [0]), "car")
