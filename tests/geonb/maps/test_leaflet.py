"""Leaflet's map as data: where its pins and its line lie, on a flat world that repeats."""

import ipyleaflet
import numpy as np
import pytest

import geonb
from support.places import predictions

JAPAN, CALIFORNIA, PARIS, LONDON = (35.66, 139.75), (37.8, -122.4), (48.85, 2.35), (51.5, -0.1)


@pytest.mark.parametrize(
    ("guesses", "truth"),
    [([CALIFORNIA, PARIS, LONDON], JAPAN), ([JAPAN], CALIFORNIA), ([PARIS], LONDON)],
)
def test_the_line_begins_and_ends_at_pins(guesses, truth):
    """Also where the short way leads over ±180°, and the map shows the long one."""
    world = geonb.show_map(predictions(guesses, truth), provider="leaflet").children[0]
    [line] = [layer for layer in world.layers if getattr(layer, "dash_array", None)]
    ends = np.array([point for part in line.locations for point in (part[0], part[-1])])
    markers = [layer for layer in world.layers if isinstance(layer, ipyleaflet.Marker)]
    pins = [marker.location for marker in markers if marker.title[:1] in {"1", "★"}]
    assert len(pins) == 2
    for pin in pins:
        assert np.isclose(ends, pin, atol=1e-4).all(axis=1).any()


def test_coasts_are_fine_around_guesses_that_are_close():
    """Without tiles the outlines are all one sees: Tokyo Bay is no triangle."""

    def outlines(*guesses):
        world = geonb.show_map(predictions(list(guesses)), provider="leaflet").children[0]
        layers = [one for one in world.layers if type(one) is ipyleaflet.Polygon]
        return [np.concatenate([ring for [ring] in layer.locations]) for layer in layers]

    _, sea, fine = outlines(JAPAN, (35.5, 139.6))
    bay = (fine >= (35.2, 139.6)) & (fine <= (35.7, 140.1))
    assert bay.all(axis=1).sum() > 40
    assert (sea.min(axis=0) <= fine.min(axis=0)).all()
    assert (fine.max(axis=0) <= sea.max(axis=0)).all()
    assert len(outlines((89.0, 0.0), (89.0, 180.0))) == 1, "nowhere near each other on the map"


def test_a_lone_guess_is_shown_with_the_land_around_it():
    """Also beside the true place: at a city's scale, a map without tiles is a blank square."""
    zooms = [
        geonb.show_map(predictions(guesses, truth), provider="leaflet").children[0].zoom
        for guesses, truth in [([JAPAN, PARIS], (35.67, 139.76)), ([JAPAN, (35.7, 139.8)], None)]
    ]
    assert zooms == [7, 10]
