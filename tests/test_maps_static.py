"""The map as a picture: no browser, no network."""

import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from places import CASES, TOKYO, predictions

import geonb
from geonb.errors import PictureError
from geonb.maps import beliefs, drawing, points, static


@pytest.mark.parametrize(
    ("lng", "text"), [(180, "180°"), (-180, "180°"), (540, "180°"), (181, "-179°"), (0, "0°")]
)
def test_the_line_is_180_on_both_sides(lng, text):
    assert drawing.longitude(lng) == text


@pytest.mark.parametrize("name", CASES)
def test_static_maps_show_every_pin_and_the_truth_in_front(name):
    case = CASES[name]
    world, close = static._figure(case).axes
    pins = {t.get_text(): t for t in world.texts if t.get_text().isdigit()}
    assert sorted(pins) == [str(p.rank) for p in case]
    for text in pins.values():
        (west, east), (south, north) = world.get_xlim(), world.get_ylim()
        assert west <= text.xy[0] <= east
        assert south <= text.xy[1] <= north
    assert pins["1"].zorder == max(t.zorder for t in pins.values())
    if case.truth is not None:
        kilometres = points.in_km(case.distances[0])
        stars = [line for axes in (world, close) for line in axes.lines if line.get_marker() == "*"]
        assert min(star.zorder for star in stars) > pins["1"].zorder
        labels = [t.get_text() for axes in (world, close) for t in axes.texts]
        assert labels.count(kilometres) == 1
    assert any(re.fullmatch(r"[125]0* km", t.get_text().replace(",", "")) for t in close.texts)


def test_the_close_up_of_fiji_is_in_one_piece():
    _, close = static._figure(CASES["fiji"]).axes
    west, east = close.get_xlim()
    assert west < 180 < east
    assert east - west < 10
    shown = [close.xaxis.get_major_formatter()(x) for x in close.get_xticks()]
    assert "180°" in shown
    assert "-180°" not in shown


def test_a_static_map_is_a_picture_with_words_everywhere(tmp_path):
    case = predictions(TOKYO, name="<script>alert(1)</script>.jpg", note="mini knows no photos")
    drawn = geonb.show_map(case, provider="static")
    html = drawn._repr_html_()
    assert "<script" not in html
    assert "13.99% at 35.6599° N" in re.search(r'<img alt="([^"]*)"', html)[1]
    assert "mini knows no photos" in html
    assert " 14% " in repr(drawn)
    assert "Map: static." in repr(drawn)
    assert Image.open(io.BytesIO(drawn.image())).size[0] > 1000
    drawn.save(tmp_path / "map.svg")
    assert (tmp_path / "map.svg").read_text().lstrip().startswith("<?xml")
    with pytest.raises(PictureError, match=r"map.docx: a picture is saved as .png, .svg or .pdf"):
        drawn.save(tmp_path / "map.docx")


def test_a_page_stands_alone(tmp_path):
    case = predictions(TOKYO, name="<script>alert(1)</script>.jpg")
    case.to_html(tmp_path / "where.html")
    page = (tmp_path / "where.html").read_text()
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert page.count("<img alt=") == 2


def _model():
    """A model of 3,000 cells that believes in the first three."""
    rng = np.random.default_rng(4)
    spots = np.stack([rng.uniform(-80, 80, 40_000), rng.uniform(-180, 180, 40_000)], axis=-1)
    cells = geonb.partition(spots, t1=10, t2=1)
    belief = np.zeros((1, len(cells)), np.float32)
    belief[0, :3] = 0.6, 0.3, 0.1
    return SimpleNamespace(name="<b>", cells=cells, note="a note", probabilities=lambda _: belief)


def test_cells_and_beliefs_are_drawn_as_pictures():
    model = _model()
    outlined = geonb.show_cells(model, "static")
    assert f"The {len(model.cells):,} cells of <b>, by country: " in repr(outlined)
    shaded = geonb.show_heatmap(model, Image.new("RGB", (64, 48)), "static")
    assert f"the most probable, with 60.00%, is {model.cells.tokens[0]}: " in repr(shaded)
    assert "a note." in repr(shaded)
    assert "over 10 %: 3 cells, dark blue" in shaded.alt
    assert "<b>" not in shaded._repr_html_().split("</style>")[1]
    outline, most_probable = (0, 91, 143), (0, 32, 77)
    assert outline in _colours(outlined.image())
    assert most_probable in _colours(shaded.image())
    assert most_probable not in _colours(outlined.image())
    legend = beliefs._cells_figure(model.cells, model.probabilities(None)[0]).axes[0].get_legend()
    assert [t.get_text() for t in legend.get_texts()][-1] == "over 10 % (3 cells)"


def test_cells_are_counted_by_country():
    model = geonb.load_model("mini")
    text = geonb.show_cells(model, "static").text
    assert text.startswith("The 211 cells of mini, by country: United States 26, ")
    counts = [int(number) for number in re.findall(r" (\d+)[,.]", text)]
    assert sum(counts) == len(model.cells)


def _colours(png):
    """The colours that cover more than a few pixels."""
    colours = Image.open(io.BytesIO(png)).convert("RGB").getcolors(1 << 20)
    return {colour for count, colour in colours if count > 20}
