"""What every map shows in words, and a view that holds it."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import geonb
from geonb.maps import live, pins
from support.places import CASES, TOKYO, predictions

places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def test_pins_say_what_the_predictions_say():
    marked = pins.pins_of(CASES["tokyo"])
    assert [p.mark for p in marked] == ["1", "2", "3", "4", "5", "★"]
    assert marked[0].text == "Tokyo (Roppongi), Japan, 14%, 1.5 km from the true place"
    assert marked[5].text == "true place, 35.6586° N, 139.7454° E, 1.5 km from guess 1"


def test_a_warning_is_the_headline_of_every_map_and_page(tmp_path):
    """A cat in "Delhi, 98%": the town is not what one reads first."""
    said = "This photo is unlike all that mini has seen"
    strange = replace(CASES["tokyo"], warning=f"{said}: its guesses mean nothing.")
    assert pins.headline(strange) == said
    geonb.write_page(strange, tmp_path / "where.html")
    page = (tmp_path / "where.html").read_text()
    assert f"<title>{said}</title>" in page
    assert f"<h1>{said}</h1>" in page
    for provider in ("static", "leaflet"):
        shown = geonb.show_map(strange, provider=provider)
        picture = getattr(shown, "picture", shown)
        assert picture.alt.startswith(strange.warning)
        assert f"<summary>{said}" in picture.html
    (line,) = live.traits_of(strange, "", photo=False)["lines"]
    assert line.startswith(strange.warning)


@given(st.lists(places, min_size=1, max_size=5), st.none() | places)
def test_the_view_holds_every_place(some, truth):
    case = predictions(some, truth)
    (lat, lng), zoom = pins.view(pins.box(case))
    size = 256 * 2**zoom
    for point in pins.pins_of(case):
        y, x = point.on_mercator
        dx = (pins.nearest_turn(x, lng) - lng) / 360 * size
        up = math.asinh(math.tan(math.radians(y))) - math.asinh(math.tan(math.radians(lat)))
        assert abs(dx) <= 191
        assert abs(up) / math.tau * size <= 201


def test_pins_spread_from_one_spot_and_what_is_fixed_stays():
    marked = pins.pins_of(predictions(TOKYO, TOKYO[0][1]))
    radii = [point.radius for point in marked]
    moved = pins.move_apart(np.zeros((6, 2)), marked)
    assert np.hypot(*moved[5]) < 0.1
    for i in range(6):
        for j in range(i):
            assert np.hypot(*(moved[i] - moved[j])) > radii[i] + radii[j] - 0.5
