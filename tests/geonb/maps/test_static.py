"""The map as a picture: no browser, no network."""

import io
import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from PIL import Image

import geonb
from geonb.errors import PictureError
from geonb.maps import drawing, points
from support.places import CASES, TOKYO, from_tokens, predictions


def _texts(axes):
    return {t.get_text(): t for t in axes.texts}


def card(case, **options):
    """The card as a figure; its axes are photo, close-up, world, list."""
    return geonb.show_map(case, provider="static", **options).figure()


def _maps(case, **options):
    """The close-up and the world."""
    return card(case, **options).axes[-3:-1]


@pytest.mark.parametrize("name", CASES)
def test_the_card_says_the_answer_and_shows_every_guess(name):
    case = CASES[name]
    figure = card(case)
    close, world, listed = figure.axes[-3:]
    words = [t.get_text() for t in figure.texts]
    assert words[0] == str(case[0].town)
    rows = [t.get_text() for t in listed.texts]
    assert [row for row in rows if row.isdigit()] == [str(p.rank) for p in case]
    near = [p for p in case if geonb.distance(p.place, case[0].place) < points.CLUSTER_KM]
    assert {str(p.rank) for p in near} <= set(_texts(close))
    assert {str(p.rank) for p in case} <= {*_texts(close), *_texts(world)}
    assert "1" in _texts(world)
    assert any(re.fullmatch(r"[125]0* km", text.replace(",", "")) for text in _texts(close))
    if case.truth is not None:
        kilometres = points.in_km(case.distances[0])
        shown = [text for axes in (close, world) for text in _texts(axes)]
        assert shown.count(kilometres) == 1
        assert f"{points.TRUTH} true place" in words


def test_the_photo_stands_beside_its_map_unless_it_is_left_out():
    case = CASES["tokyo"]
    assert len(card(case).axes) == len(card(case, photo=False).axes) + 1
    [image] = card(case).axes[0].images
    assert image.get_array().shape[:2] == (48, 64)


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


def test_pins_spread_from_one_spot_and_what_is_fixed_stays():
    marked = points.points(predictions(TOKYO, TOKYO[0][1]))
    radii = [point.radius for point in marked]
    moved = points.move_apart(np.zeros((6, 2)), marked)
    assert np.hypot(*moved[5]) < 0.1
    for i in range(6):
        for j in range(i):
            assert np.hypot(*(moved[i] - moved[j])) > radii[i] + radii[j] - 0.5


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
    assert {"1", "2", "3", "4"} <= set(_texts(close))


def test_a_static_map_is_a_picture_with_words_everywhere(tmp_path):
    case = predictions(TOKYO, name="<script>alert(1)</script>.jpg", note="mini knows no photos")
    drawn = geonb.show_map(case, provider="static")
    html = drawn._repr_html_()
    assert "<script" not in html
    assert "Tokyo (Roppongi), Japan, 14%" in re.search(r'<img alt="([^"]*)"', html)[1]
    assert "mini knows no photos" in html
    assert html.count("<summary>") == 1, "one line below the map; the rest is folded away"
    assert " 14% " in repr(drawn)
    assert "Map: static." in repr(drawn)
    assert Image.open(io.BytesIO(drawn.image())).size[0] > 1000
    drawn.save(tmp_path / "map.svg")
    assert (tmp_path / "map.svg").read_text().lstrip().startswith("<?xml")
    with pytest.raises(PictureError, match=r"map.docx: a picture is saved as .png, .svg or .pdf"):
        drawn.save(tmp_path / "map.docx")


def test_cells_are_counted_by_country():
    model = geonb.load_model("mini")
    text = geonb.show_cells(model, "static").text
    assert text.startswith("The 211 cells of mini, by country: United States 26, ")
    counts = [int(number) for number in re.findall(r" (\d+)[,.]", text)]
    assert sum(counts) == len(model.cells)


def test_the_cells_of_one_town_are_no_speck_in_the_world():
    ids = from_tokens(["47bf25", "47bf2f", "47bf17"])  # tens of kilometres wide, around Cologne
    cells = geonb.Cells(ids, np.array([[50.9, 6.9], [51.0, 7.0], [50.8, 6.8]]))
    pixels = np.asarray(Image.open(io.BytesIO(geonb.show_cells(cells, "static").image())))
    blue = pixels[..., 2].astype(int) - pixels[..., 0] > 22  # the lines, and no sea
    assert np.ptp(np.flatnonzero(blue.any(axis=0))) > pixels.shape[1] / 4
