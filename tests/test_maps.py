"""What maps are drawn from, and the static map: no browser, no network."""

import io
import math
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from places import CASES, TOKYO, predictions

import geonb
from geonb.earth import s2
from geonb.errors import MapError, MissingDependencyError, PictureError
from geonb.maps import canvas, outlines, points, shades, static
from geonb.maps.show import choose

places = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def test_points_say_what_the_predictions_say():
    marked = points.points(CASES["tokyo"])
    assert [p.label for p in marked] == ["1", "2", "3", "4", "5", "★"]
    town = "Roppongi, Japan (<1 km)"
    first = f"13.99% at 35.6599° N, 139.7289° E, {town}, 1.5 km from the true place"
    assert marked[0].text == first
    assert marked[5].text == "true place, 35.6586° N, 139.7454° E, 1.5 km from guess 1"


@given(st.lists(places, min_size=1, max_size=5), st.none() | places)
def test_the_view_holds_every_place(some, truth):
    case = predictions(some, truth)
    *_, (lat, lng), zoom = points.view(case, width=700, height=400)
    size = 256 * 2**zoom
    for point in points.points(case):
        y, x = point.on_mercator
        dx = (points.nearest_turn(x, lng) - lng) / 360 * size
        up = math.asinh(math.tan(math.radians(y))) - math.asinh(math.tan(math.radians(lat)))
        assert abs(dx) <= 351
        assert abs(up) / math.tau * size <= 201


@given(places, places)
def test_a_great_circle_is_as_long_as_the_distance(a, b):
    km = geonb.distance(a, b)
    if km > 19_900:  # nearly antipodes: every way is as short, and a line on the plane is not
        return
    line = outlines.great_circle(a, b)
    legs = geonb.distance(np.clip(_as_places(line[:-1]), -180, 180), _as_places(line[1:]))
    assert legs.sum() == pytest.approx(km, abs=0.01)
    assert np.abs(np.diff(line[:, 0])).max() <= 180


def _as_places(line):
    return np.stack([line[:, 1].clip(-90, 90), (line[:, 0] + 180) % 360 - 180], axis=-1)


def test_outlines_of_cells_hold_across_the_line_and_at_poles():
    faces = [f"{i:x}" for i in (1, 3, 5, 7, 9, 11)]  # the six faces of the cube
    children = s2.from_tokens(["04", "0c", "14", "1c", "24", "54", "5c", "84", "a4", "bc"])
    for ids in (s2.from_tokens(faces), children):
        cells = geonb.Cells(np.sort(ids), np.zeros((len(ids), 2)))
        for ring in outlines.rings(cells):
            assert np.abs(np.diff(ring[:, 0])).max() <= 360
            assert np.abs(ring[:, 1]).max() <= 90
            assert -180 <= ring[0, 0] < 180
    area = sum(
        _area(r) for r in outlines.rings(geonb.Cells(s2.from_tokens(faces), np.zeros((6, 2))))
    )
    assert area == pytest.approx(360 * 180, rel=0.02)  # together they fill the map, none twice


def _area(ring):
    x, y = ring[:, 0], ring[:, 1]
    return abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def test_land_is_small_and_inside_the_world():
    from importlib.resources import files

    assert files("geonb").joinpath("data", "land.geojson").stat().st_size <= 200_000
    rings, borders = outlines.land()
    assert len(rings) > 100
    assert len(borders) > 100
    for line in [*rings, *borders]:
        assert np.abs(np.diff(line[:, 0])).max() < 180 or np.abs(line[:, 1]).max() == 90
        assert np.abs(line[:, 1]).max() <= 90


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_every_cell_has_one_shade(belief):
    found = [i for shade in shades.shades(np.array(belief)) for i in shade.cells]
    assert sorted(found) == list(range(len(belief)))


def test_shades_go_by_tens_and_the_probable_are_drawn_last():
    belief = np.array([0.5, 0.1, 0.05, 0.005, 0.0005, 0.0])
    got = [(shade.label, shade.cells) for shade in shades.shades(belief)]
    assert got[-1] == ("over 10 %", [0, 1])
    assert got[0] == ("under 0.01 %", [5])


@pytest.mark.parametrize(
    ("lng", "text"), [(180, "180°"), (-180, "180°"), (540, "180°"), (181, "-179°"), (0, "0°")]
)
def test_the_line_is_180_on_both_sides(lng, text):
    assert canvas.longitude(lng) == text


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
    assert "0.139923" in repr(drawn)
    assert "Map: static." in repr(drawn)
    assert Image.open(io.BytesIO(drawn._repr_png_())).size[0] > 1000
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


def test_the_truth_that_is_given_goes_first():
    assert "km to truth" in repr(geonb.show_map(CASES["one"], (35.0, 139.0), "static"))
    with pytest.raises(geonb.GeonbError, match="not a place"):
        geonb.show_map(CASES["one"], (139.0, 35.0), "static")


def test_auto_takes_what_is_there(monkeypatch):
    assert choose("auto")[0] == "leaflet"
    assert choose("auto", "a key") == choose("auto", "another key")
    assert choose("auto", "a key")[0] == "google"
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a key")
    assert choose("auto")[0] == "google"
    assert choose("static")[0] == "static"
    monkeypatch.setenv("GEONB_MAP", "static")
    assert choose("auto") == ("static", "Map: static, as GEONB_MAP says.")
    monkeypatch.setenv("GEONB_MAP", "atlas")
    with pytest.raises(
        MapError, match="GEONB_MAP=atlas; choose auto, google, gmaps, leaflet, stat"
    ):
        choose("auto")


def test_without_map_packages_auto_is_a_picture(monkeypatch):
    monkeypatch.setattr("geonb.maps.show.find_spec", lambda name: None)
    chosen, why = choose("auto", "a key")
    assert chosen == "static"
    assert 'pip install "geonb[maps]"' in why


@pytest.mark.parametrize(
    ("provider", "package", "extra"),
    [
        ("google", "anywidget", "maps"),
        ("leaflet", "ipyleaflet", "maps"),
        ("gmaps", "gmaps", "gmaps"),
    ],
)
def test_a_provider_that_is_not_installed_names_the_command(monkeypatch, provider, package, extra):
    for name in ("google", "leaflet", "gmaps", "live"):
        monkeypatch.delitem(sys.modules, f"geonb.maps.{name}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=rf'{package}.*pip install "geonb\[{extra}\]"'):
        geonb.show_map(CASES["one"], provider=provider)
    if provider == "gmaps":
        with pytest.raises(MissingDependencyError, match=r'pip install "geonb\[gmaps\]"'):
            geonb.repair_gmaps()


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
    legend = static._cells_figure(model.cells, model.probabilities(None)[0]).axes[0].get_legend()
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


def test_google_draws_no_cells():
    with pytest.raises(MapError, match="cells are not drawn by google; choose auto, leaflet or st"):
        geonb.show_cells(_model(), "google")
