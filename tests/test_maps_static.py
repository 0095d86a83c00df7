"""The map as a picture: no browser, no network."""

import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from places import CASES, TOKYO, from_tokens, predictions

import geonb
from geonb.earth.cells import Belief
from geonb.earth.places import nearest_town
from geonb.errors import PictureError
from geonb.maps import drawing, heatmap, points, static
from geonb.regions import Promise, in_km2


def _texts(axes):
    return {t.get_text(): t for t in axes.texts}


def _maps(case, **options):
    """The close-up and the world; a card's axes are photo, close-up, world, list."""
    return static._figure(case, **options).axes[-3:-1]


@pytest.mark.parametrize("name", CASES)
def test_the_card_says_the_answer_and_shows_every_guess(name):
    case = CASES[name]
    figure = static._figure(case)
    close, world, listed = figure.axes[-3:]
    words = [t.get_text() for t in figure.texts]
    assert words[0] == str(case[0].town)
    rows = [t.get_text() for t in listed.texts]
    assert [row for row in rows if row.isdigit()] == [str(p.rank) for p in case]
    near = [p for p in case if geonb.distance(p.place, case[0].place) < drawing.CLUSTER_KM]
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
    assert len(static._figure(case).axes) == len(static._figure(case, photo=False).axes) + 1
    [image] = static._figure(case).axes[0].images
    assert image.get_array().shape[:2] == (48, 64)


def test_names_cover_no_pin_and_no_pin_covers_another():
    figure = static._figure(CASES["tokyo"])
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
    moved = drawing.move_apart(np.zeros((6, 2)), marked)
    assert np.hypot(*moved[5]) < 0.1
    for i in range(6):
        for j in range(i):
            assert np.hypot(*(moved[i] - moved[j])) > radii[i] + radii[j] - 0.5


def test_the_close_up_of_fiji_is_in_one_piece():
    figure = static._figure(CASES["fiji"])
    close = figure.axes[-3]
    [land] = [p for p in close.patches if p.get_facecolor()[:3] == _rgb(drawing.LAND)]
    x = land.get_path().vertices[:, 0]
    west, east = close.get_xlim()
    inside = x[(x > west) & (x < east)]
    assert inside.min() < -0.3  # Viti Levu, west of the line
    assert inside.max() > 0.6  # Taveuni, on it
    assert east - west < 10
    assert {"1", "2", "3", "4"} <= set(_texts(close))


def _rgb(colour):
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


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


def _model():
    """A model of 3,000 cells that believes in the first three."""
    rng = np.random.default_rng(4)
    spots = np.stack([rng.uniform(-80, 80, 40_000), rng.uniform(-180, 180, 40_000)], axis=-1)
    cells = geonb.partition(spots, t1=10, t2=1)
    belief = np.zeros((1, len(cells)), np.float32)
    belief[0, :3] = 0.6, 0.3, 0.1
    return SimpleNamespace(
        name="<b>", cells=cells, note="a note", folder=None, probabilities=lambda _: belief
    )


@pytest.mark.slow
def test_cells_and_heatmaps_are_drawn_as_pictures():
    model = _model()
    outlined = geonb.show_cells(model, "static")
    assert f"The {len(model.cells):,} cells of <b>, by country: " in repr(outlined)
    shaded = geonb.show_heatmap(model, Image.new("RGB", (64, 48)), "static")
    town = nearest_town(model.cells.place(0))
    assert f"Where <b> looks for image: first at {town}, with 60%." in repr(shaded)
    assert "a note." in repr(shaded)
    assert f"{town}: 60%; " in shaded.alt
    assert re.search(r"90% lies in 2 cells, [\d,]+ km² \(blue\)", shaded.alt)
    assert "<b>" not in shaded._repr_html_().split("</style>")[1]
    outline, point = (46, 95, 138), tuple(round(255 * part) for part in _rgb(heatmap.POINT))
    assert _near(outline, _colours(outlined.image()))
    assert not _near(point, _colours(outlined.image()))
    [legend] = shaded.figure().legends
    areas = heatmap.areas(Belief(model.cells, model.probabilities(None)[0]))
    assert [t.get_text() for t in legend.get_texts()] == [
        heatmap.POINTS, *(area.words for area in areas)
    ]  # fmt: skip


def test_a_promised_region_is_outlined_and_said(tmp_path):
    model = _model()
    Promise(0.9, 0.7, 100, "my $treets$", len(model.cells)).save(tmp_path)
    model.folder = tmp_path
    shaded = geonb.show_heatmap(model, Image.new("RGB", (64, 48)), "static")
    words = re.search(
        r"2 cells, [\d,]+ km²: such regions contain 90% of .*my \$treets\$", shaded.alt
    )
    [legend] = shaded.figure().legends
    assert legend.get_texts()[-1].get_text() == words[0]
    assert not legend.get_texts()[-1].get_parse_math()
    live = geonb.show_heatmap(model, Image.new("RGB", (64, 48)), "leaflet")
    [layer] = [one for one in live.children[0].layers if hasattr(one, "point_style")]
    dashed = [f for f in layer.data["features"] if "dashArray" in f["properties"]["style"]]
    assert [len(one["geometry"]["coordinates"]) for one in dashed] == [2]


def _near(colour, colours):
    return any(max(abs(a - b) for a, b in zip(colour, c, strict=True)) < 25 for c in colours)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_smallest_area_holds_the_share_and_no_smaller_one_does(share):
    rng = np.random.default_rng(3)
    cells = _model().cells
    probabilities = rng.dirichlet(np.full(len(cells), 0.05))
    chosen = heatmap.smallest(Belief(cells, probabilities), share).classes
    assert probabilities[chosen].sum() >= share
    assert probabilities[chosen[:-1]].sum() < share
    area = cells.areas_km2[chosen].sum()
    for _ in range(50):  # any other choice of cells that holds as much is larger
        order = rng.permutation(len(cells))
        held = np.cumsum(probabilities[order])
        other = order[: int(np.searchsorted(held, probabilities[chosen].sum())) + 1]
        assert cells.areas_km2[other].sum() >= area


def test_a_vast_cell_is_a_point_like_the_others():
    """A cell the size of Siberia says little of a place; its area is not filled."""
    cells = geonb.Cells(
        np.sort(from_tokens(["14", "60188b", "60188d"])),
        np.array([[0.0, 60.0], [35.66, 139.73], [35.68, 139.8]]),
    )
    sizes = cells.areas_km2
    vast = int(np.argmax(sizes))
    probabilities = np.full(3, 0.3)
    probabilities[vast] = 0.4
    belief = Belief(cells, probabilities)
    assert vast not in heatmap.smallest(belief, 0.5).classes
    assert vast in heatmap.probable(belief)


@pytest.mark.parametrize(
    ("area", "words"),
    [
        (0.44, "0.4 km²"),
        (8.44, "8.4 km²"),
        (9.6, "10 km²"),
        (1234.0, "1,200 km²"),
        (0.0, "0.0 km²"),
    ],
)
def test_areas_in_words(area, words):
    assert in_km2(area) == words


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
