"""The map as a picture: no browser, no network."""

import io
import re

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.errors import PictureError
from geonb.maps import pins
from support.displayed import card, texts
from support.places import CASES, TOKYO, from_tokens, predictions


@pytest.mark.parametrize("name", CASES)
def test_the_card_says_the_answer_and_shows_every_guess(name):
    case = CASES[name]
    figure = card(case)
    close, world, listed = figure.axes[-3:]
    words = [t.get_text() for t in figure.texts]
    assert words[0] == str(case[0].town)
    rows = [t.get_text() for t in listed.texts]
    assert [row for row in rows if row.isdigit()] == [str(p.rank) for p in case]
    near = [p for p in case if geonb.distance(p.place, case[0].place) < pins.CLUSTER_KM]
    assert {str(p.rank) for p in near} <= set(texts(close))
    assert {str(p.rank) for p in case} <= {*texts(close), *texts(world)}
    assert "1" in texts(world)
    assert any(re.fullmatch(r"[125]0* km", text.replace(",", "")) for text in texts(close))
    if case.truth is not None:
        kilometres = pins.in_km(case.distances[0])
        shown = [text for axes in (close, world) for text in texts(axes)]
        assert shown.count(kilometres) == 1
        assert f"{pins.TRUTH} true place" in words


def test_the_photo_stands_beside_its_map_unless_it_is_left_out():
    case = CASES["tokyo"]
    assert len(card(case).axes) == len(card(case, photo=False).axes) + 1
    [image] = card(case).axes[0].images
    assert image.get_array().shape[:2] == (48, 64)


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
