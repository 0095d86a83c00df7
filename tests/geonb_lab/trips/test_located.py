"""A photo of a trip that was located: its answer, its answer alone, and its neighbours."""

import pytest

import geonb
from geonb_lab.trips.trip import connect
from support.trips import MINI, cell_near, reading

PARIS, ROME, TOKYO = (48.8566, 2.3522), (41.9028, 12.4964), (35.6895, 139.6917)


def test_answers_are_predictions_beside_what_the_photo_alone_would_have_said(trips):
    photo = trips[0][0][3]
    assert isinstance(photo.predictions, geonb.Predictions)
    alone = geonb.predict(MINI, photo.photo)
    assert [p.place for p in photo.alone] == [p.place for p in alone]
    assert photo.alone[0].probability == pytest.approx(alone[0].probability, rel=1e-4)
    assert photo.predictions.belief.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_an_answer_is_no_stranger_and_promises_as_much_as_the_photo_alone(trips):
    for photo in (photo for trip in trips[0] for photo in trip):
        assert photo.predictions.warning == photo.alone.warning == ""
        assert photo.predictions.promise == MINI.promise


def test_neighbours_that_moved_a_photo_are_named():
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    trip = connect(MINI, reading([0, 1, 2], [paris, tokyo, paris], 0.5))
    moved = trip[1].neighbours
    assert {n.name for n in moved} == {"0.jpg", "2.jpg"}
    assert [round(n.hours) for n in sorted(moved, key=lambda n: n.hours)] == [-1, 1]
    assert trip[1].probabilities.argmax() == paris
    assert all(n.probability > trip[1].probabilities_alone[paris] for n in moved)


def test_a_photo_that_is_not_of_the_trip_keeps_its_own_answer_and_shows():
    paris, tokyo = cell_near(PARIS), cell_near(TOKYO)
    trip = connect(MINI, reading(range(5), [paris, paris, tokyo, paris, paris], 0.999))
    assert trip[2].fits < 0.2
    assert trip[1].fits > 0.9
    assert trip[2].probabilities[tokyo] > 0.2


def test_the_path_is_in_the_order_of_time():
    paris, rome = cell_near(PARIS), cell_near(ROME)
    trip = connect(MINI, reading([30, 0, 31, 1], [rome, paris, rome, paris], 0.9))
    assert [photo.name for photo in trip.parts[0]] == ["1.jpg", "3.jpg", "0.jpg", "2.jpg"]
    assert [photo.on_path for photo in trip.parts[0]] == [
        MINI.cells.place(c) for c in (paris, paris, rome, rome)
    ]
    assert trip[0].on_path == MINI.cells.place(rome)
