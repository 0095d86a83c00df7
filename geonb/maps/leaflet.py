"""The map without a key: OpenStreetMap's tiles over land outlines that need no network."""

import os
from collections.abc import Iterable
from html import escape
from typing import Any

import ipyleaflet
import ipywidgets
import numpy as np
import traitlets

from geonb.distances import Place, bounds
from geonb.errors import MapError
from geonb.maps import drawing, pins, static
from geonb.maps.atlas import largest_towns
from geonb.maps.live import Beside, Live, traits_of
from geonb.maps.pins import TRUTH, TRUTH_COLOUR, Pin, in_km, near, nearest_turn, on_map, view
from geonb.maps.plane import Box, Line, coasts_in, great_circle, land, on_turns
from geonb.predictions import Predictions
from geonb.shown.pictures import Picture, show_photo

VARIABLE = "GEONB_TILES"
"""The environment variable that says whose tiles Leaflet's map shows."""
_OSM = '&copy; <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a> contributors'
HOSTS = {
    "osm": ("https://tile.openstreetmap.org/{z}/{x}/{y}.png", _OSM),
    "carto": (
        "https://basemaps.cartocdn.com/rastertiles/voyager/{z}/{x}/{y}.png",
        f'{_OSM} &copy; <a href="https://carto.com/attributions">CARTO</a>',
    ),
}
"""Addresses of tiles, and what their licences want named: both show OpenStreetMap's data (ODbL)."""
_LAND_PANE = "geonb-land"
_FINE_LEAST, _FINE_MOST = 1.5, 6.0
"""Degrees around the best guesses within which coasts are fine; none where these lie far apart."""


class LeafletMap(Live, ipywidgets.VBox):
    """An ipyleaflet map, the first child, and the list of its places."""


def draw(predictions: Predictions, why: str, *, photo: bool) -> LeafletMap:
    """Draw all predictions on an ipyleaflet map, with their list beside it."""
    whole, far = view(pins.box(predictions))  # all pins are on the turn of the globe around here
    (lat, lng), close = view(bounds(near(predictions)))
    if len(set(near(predictions)) & set(predictions.places)) == 1:
        far, close = min(far, 7), min(close, 7)  # closer, a single pin is a pin on nothing
    leaflet = base_map(whole, far, near=bounds(near(predictions)))
    thumbnail = show_photo(predictions.photo, side=200)._repr_html_() if photo else ""
    listed = enumerate(pins.pins_of(predictions))
    markers = [_marker(pin, i, whole[1], thumbnail) for i, pin in listed]
    for layer in [*_way(predictions, whole[1]), *markers]:
        leaflet.add(layer)
    views = {"bounds": {"center": whole, "zoom": far}}
    if pins.spread_out(predictions):
        views["answer"] = {"center": (lat, nearest_turn(lng, whole[1])), "zoom": close}
    return boxed(
        leaflet, static.draw(predictions, photo=photo), leaflet=leaflet, views=views,
        towns=[[name, *place] for name, place in largest_towns(predictions)],
        **traits_of(predictions, why, photo=photo),
    )  # fmt: skip


def boxed(shown: Any, picture: Picture, *below: Any, **traits: Any) -> LeafletMap:
    """A map and the list of what is on it, in one box, with other widgets below."""
    beside = Beside(**traits)
    both = LeafletMap([shown, beside, *below])
    both.add_class("geonb-box")
    both.picture, both.uid = picture, beside.uid
    return both


def base_map(centre: Place, zoom: float, near: Box | None = None) -> Any:
    """An empty map: outlines below, tiles with their attribution above (`tiles`).

    Around ``near``, a box that isn't large, coasts are fine.
    """
    fine = _fine_outlines(near, centre[1]) if near else []
    return ipyleaflet.Map(
        center=centre, zoom=zoom, min_zoom=0, prefer_canvas=True, layout={"height": "420px"},
        layers=[*tiles(), *_outlines(*land(), centre[1]), *fine],
        panes={_LAND_PANE: {"zIndex": 150, "pointerEvents": "none"}},  # tiles are at 200
        controls=[ipyleaflet.ScaleControl(position="bottomleft", imperial=False)],
    )  # fmt: skip


class _Tiles(ipyleaflet.TileLayer):
    """OpenStreetMap refuses its tiles to pages that don't say where they are."""

    referrer_policy = traitlets.Unicode("strict-origin-when-cross-origin").tag(sync=True, o=True)


def tiles() -> list[Any]:
    """The layer of tiles that the variable GEONB_TILES names, if any. Raises `MapError`."""
    asked = os.environ.get(VARIABLE) or "osm"
    if asked == "none":
        return []
    if asked not in HOSTS and not all(part in asked for part in ("://", "{z}", "{x}", "{y}")):
        raise MapError(
            f"no tiles {VARIABLE}={asked}; choose {', '.join(HOSTS)}, none, or an address with "
            "{z}, {x} and {y}"
        )
    url, attribution = HOSTS.get(asked, (asked, _OSM))
    return [_Tiles(url=url, attribution=attribution, max_zoom=19, base=True)]


def _outlines(
    shores: Iterable[Line], borders: Iterable[Line], centre: float, **look: Any
) -> list[Any]:
    """Land and borders within half a turn of the globe around ``centre``, in the pane for them.

    Shapes and not GeoJSON, which ipyleaflet draws in the pane above the tiles, whatever it is told.
    """
    line = {"color": drawing.BORDER, "weight": 1, "pane": _LAND_PANE}
    filled = {"fill_color": drawing.LAND, "fill_opacity": 1.0} | look
    rings = [[ring] for ring in _moved(shores, centre)]
    return [
        ipyleaflet.Polygon(locations=rings, **(line | filled)),
        ipyleaflet.Polyline(locations=_moved(borders, centre), fill=False, **line),
    ]


def _fine_outlines(near: Box, centre: float) -> list[Any]:
    """Fine coasts around a box, on a sea of their own."""
    south, west, north, east = near
    out = max(north - south, east - west, _FINE_LEAST)
    if out > _FINE_MOST:
        return []
    low, left, high, right = on_map(south - out), west - out, on_map(north + out), east + out
    sea = np.array([(left, low), (right, low), (right, high), (left, high)])
    water, _ = _outlines([sea], [], centre, stroke=False, fill_color=drawing.SEA)
    coasts = coasts_in((low, left, high, right))
    return [water, *_outlines(*coasts, centre, stroke=False)]


def shapes(features: Iterable[tuple[str, list[Any], dict[str, Any], str]]) -> Any:
    """A layer of GeoJSON: kind, coordinates, Leaflet's style, and what the key says of each."""
    listed = [
        {
            "type": "Feature",
            "properties": {"style": style, "words": words},
            "geometry": {"type": kind, "coordinates": coordinates},
        }
        for kind, coordinates, style, words in features
    ]
    data = {"type": "FeatureCollection", "features": listed}
    return ipyleaflet.GeoJSON(data=data, point_style={"radius": 4})  # circles; features say more


def _moved(lines: Iterable[Line], centre: float, digits: int = 3) -> list[Any]:
    """Lines on the turns of the globe around ``centre``, as Leaflet takes them: latitude first."""
    inside = on_turns(lines, centre - 180, centre + 180)
    return [line[:, ::-1].round(digits).tolist() for line in inside]


def _marker(pin: Pin, index: int, centre: float, thumbnail: str) -> Any:
    """A marker whose tip is the place; the middle of the truth's star is."""
    lat, lng = pin.on_mercator
    width, height = (26, 26) if pin.mark == TRUTH else (26, 34)  # pixels
    look = f'class="geonb-pin" style="background:{pin.colour}"'
    html = f'<span data-geonb="{index}" {look}><b>{pin.mark}</b></span>'
    icon = {"icon_anchor": [width // 2, height], "popup_anchor": [0, -height]}
    if pin.mark == TRUTH:
        html, icon = f'<span data-geonb="{index}" class="geonb-star">{TRUTH}</span>', {}
    return ipyleaflet.Marker(
        location=(lat, nearest_turn(lng, centre)), title=pin.words, alt=pin.words,
        icon=ipyleaflet.DivIcon(html=html, icon_size=[width, height], **icon),
        popup=ipywidgets.HTML(thumbnail + f"<p>{escape(pin.words)}</p>"),
        z_index_offset=10_000 + 100 * pin.front, draggable=False,
    )  # fmt: skip


def _way(predictions: Predictions, centre: float) -> list[Any]:
    """The line from the truth to the best guess, and the distance at its middle."""
    truth, distances = predictions.truth, predictions.distances
    if truth is None or distances is None:
        return []
    line = great_circle(truth, predictions[0].place)
    lng, lat = line[len(line) // 2].tolist()
    html = f'<span class="geonb-distance">{in_km(distances[0])}</span>'
    return [
        ipyleaflet.Polyline(
            locations=_moved([line], centre, 5), color=TRUTH_COLOUR, weight=2,
            dash_array="6 6", fill=False,
        ),
        ipyleaflet.Marker(
            location=(lat, nearest_turn(lng, centre)), draggable=False, keyboard=False,
            icon=ipyleaflet.DivIcon(html=html, icon_size=[0, 0]),
        ),
    ]  # fmt: skip
