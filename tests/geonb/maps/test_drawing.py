"""Maps that matplotlib draws: land in one piece, and no pin or name over another."""

import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import geonb
from geonb.maps import drawing
from support.displayed import card, texts
from support.places import CASES


def test_names_cover_no_pin_and_no_pin_covers_another():
    figure = card(CASES["tokyo"])
    close = figure.axes[-3]
    renderer = FigureCanvasAgg(figure).get_renderer()
    names = [t for t in close.texts if t.get_text()[0].isalpha()]
    assert 3 <= len(names) <= 5
    boxes = [t.get_window_extent(renderer) for t in names]
    pins = [line for line in close.lines if line.get_marker() == "o" and line.get_markersize() > 8]
    assert len(pins) == 5
    scale = figure.dpi / 72
    circles = [
        (close.transAxes.transform(pin.get_xydata()[0]), pin.get_markersize() / 2 * scale)
        for pin in pins
    ]
    for (x, y), radius in circles:
        for box in boxes:
            beside = max(box.x0 - x, 0, x - box.x1), max(box.y0 - y, 0, y - box.y1)
            assert np.hypot(*beside) > radius
    for i, (a, r) in enumerate(circles):
        for b, q in circles[:i]:
            assert np.hypot(*(a - b)) > r + q - 1


def test_the_close_up_of_fiji_is_in_one_piece():
    figure = card(CASES["fiji"])
    close = figure.axes[-3]
    [land] = [p for p in close.patches if p.get_facecolor()[:3] == to_rgb(drawing.LAND)]
    x = land.get_path().vertices[:, 0]
    west, east = close.get_xlim()
    inside = x[(x > west) & (x < east)]
    assert inside.min() < -0.3  # Viti Levu, west of the line
    assert inside.max() > 0.6  # Taveuni, on it
    assert east - west < 10
    assert {"1", "2", "3", "4"} <= set(texts(close))


@pytest.mark.parametrize("spread", [0.002, 0.7, 30.0])
@pytest.mark.parametrize("lat", [0.0, -64.0])
def test_the_scale_bar_is_as_long_as_it_says(lat, spread):
    axes = Figure(figsize=(5, 4)).add_subplot(position=(0, 0, 1, 1))
    chart = drawing.close_up(axes, [(lat, 179.9), (lat + spread, 180.0)])
    drawing.add_scale_bar(chart)
    [bar], [words] = axes.lines, texts(axes)
    assert re.fullmatch(r"(1|2|5|0\.[125])[0,]* km", words)
    share = np.ptp(bar.get_xdata())  # of the width, as the map's own lines are
    south, west, north, east = chart.box
    middle = (south + north) / 2
    along = geonb.distance((middle, 0.0), (middle, share * (east - west)))
    assert float(words[:-3].replace(",", "")) == pytest.approx(along, rel=0.01)
    assert 0.1 < share < 0.29
