"""Leaflet's map as data: where its pins and its line lie, on a flat world that repeats."""

import ipyleaflet
import numpy as np
import pytest

import geonb
from geonb.errors import MapError
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
    for guesses, truth, zoom in [
        ([JAPAN, PARIS], (35.67, 139.76), 7),
        ([JAPAN, (35.7, 139.8)], None, 10),
        ([JAPAN], None, 7),
    ]:
        views = geonb.show_map(predictions(guesses, truth), provider="leaflet").children[1].views
        assert views.get("answer", views["bounds"])["zoom"] == zoom


def test_it_opens_on_all_pins_and_the_answer_is_a_view_of_its_own():
    """You see at once whether the guesses agree."""
    for guesses, truth, two in [
        ([PARIS, LONDON, CALIFORNIA], None, True),
        ([PARIS, (48.9, 2.4)], JAPAN, True),
        ([PARIS, (48.9, 2.4)], (48.8, 2.3), False),
    ]:
        shown = geonb.show_map(predictions(guesses, truth), provider="leaflet")
        world, views = shown.children[0], shown.children[1].views
        assert ({"center": tuple(world.center), "zoom": world.zoom}) == views["bounds"]
        assert ("answer" in views) == two
        if two:
            assert views["answer"]["zoom"] > views["bounds"]["zoom"]


@pytest.mark.parametrize(
    ("asked", "host", "named"),
    [
        ("", "https://tile.openstreetmap.org/{z}/{x}/{y}.png", ["OpenStreetMap"]),
        ("carto", "https://basemaps.cartocdn.com/rastertiles/", ["OpenStreetMap", "CARTO"]),
        ("http://127.0.0.1:8/{z}/{x}/{y}", "http://127.0.0.1:8/", ["OpenStreetMap"]),
    ],
)
def test_tiles_come_from_the_host_that_is_named_and_say_where_the_page_is(
    monkeypatch, asked, host, named
):
    monkeypatch.setenv("GEONB_TILES", asked)
    layer = geonb.show_map(predictions([PARIS]), provider="leaflet").children[0].layers[0]
    assert layer.url.startswith(host)
    assert all(name in layer.attribution for name in named)
    assert layer.get_state()["referrer_policy"] == "strict-origin-when-cross-origin"
    assert "referrer_policy" in layer.options


def test_tiles_can_be_left_out_and_others_are_refused_by_name(monkeypatch):
    monkeypatch.setenv("GEONB_TILES", "none")
    world = geonb.show_map(predictions([PARIS]), provider="leaflet").children[0]
    assert not [one for one in world.layers if isinstance(one, ipyleaflet.TileLayer)]
    monkeypatch.setenv("GEONB_TILES", "google")
    with pytest.raises(MapError, match="no tiles GEONB_TILES=google; choose osm, carto, none, or"):
        geonb.show_map(predictions([PARIS]), provider="leaflet")
