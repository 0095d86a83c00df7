"""What every map shows in words, and a view that holds it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from geonb.maps import points
from support.places import CASES, predictions

places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def test_points_say_what_the_predictions_say():
    marked = points.points(CASES["tokyo"])
    assert [p.mark for p in marked] == ["1", "2", "3", "4", "5", "★"]
    assert marked[0].text == "Tokyo (Roppongi), Japan, 14%, 1.5 km from the true place"
    assert marked[5].text == "true place, 35.6586° N, 139.7454° E, 1.5 km from guess 1"


@given(st.lists(places, min_size=1, max_size=5), st.none() | places)
def test_the_view_holds_every_place(some, truth):
    case = predictions(some, truth)
    (lat, lng), zoom = points.view(points.box(case))
    size = 256 * 2**zoom
    for point in points.points(case):
        y, x = point.on_mercator
        dx = (points.nearest_turn(x, lng) - lng) / 360 * size
        up = math.asinh(math.tan(math.radians(y))) - math.asinh(math.tan(math.radians(lat)))
        assert abs(dx) <= 191
        assert abs(up) / math.tau * size <= 201
