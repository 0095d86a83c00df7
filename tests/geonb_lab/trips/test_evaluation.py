"""Located trips measured: together against alone, with intervals by trips."""

import pytest

import geonb
from geonb_lab.trips.evaluation import evaluate_trips
from geonb_lab.trips.trip import connect
from support.trips import MINI, cell_near, reading

PARIS = (48.8566, 2.3522)


def test_together_is_better_than_alone(trips):
    result = evaluate_trips(*trips)
    alone, together = (result.km <= 200).T
    assert together.sum() >= alone.sum() + 3
    assert together.mean() > 0.95
    mean, low, high = result.share(together)
    assert low < mean <= high <= 1
    assert high - low > 0.05  # four trips are few, however many photos they have
    assert "together" in repr(result)
    with pytest.raises(geonb.GeonbError, match="1 places"):
        evaluate_trips(trips[0][:1], [[PARIS]])


def test_photos_whose_place_was_known_are_not_measured():
    paris = cell_near(PARIS)
    trip = connect(MINI, reading([0, 1, 2], [paris] * 3, known={1: PARIS}))
    result = evaluate_trips([trip, trip], [[PARIS] * 3] * 2)
    assert result.km.shape == result.held.shape == (4, 2)
    assert result.trips.tolist() == [0, 0, 1, 1]
    known = connect(MINI, reading([0], [paris], known={0: PARIS}))
    with pytest.raises(geonb.GeonbError, match="no trip has a photo whose place was unknown"):
        evaluate_trips([known], [[PARIS]])
