"""What live maps share: the list beside them, and the picture that stands in for them."""

from dataclasses import replace

import pytest

import geonb
from support.displayed import shown_in_a_notebook
from support.places import CASES

LIVE = ["google", "leaflet"]


def draw(case, provider, **options):
    """A live map, and the widget that holds its list."""
    key = {"api_key": "a key"} if provider == "google" else {}
    shown = geonb.show_map(case, provider=provider, **key, **options)
    return shown, shown.children[1] if provider == "leaflet" else shown


@pytest.mark.parametrize("provider", LIVE)
def test_the_map_is_shown_and_then_the_picture_that_it_hides(provider):
    shown, beside = draw(CASES["tokyo"], provider)
    (live, _), (picture, _) = shown_in_a_notebook(shown)
    view = live["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == shown.model_id
    assert f'data-geonb-picture="{beside.uid}"' in picture["text/html"]
    assert "data:image/png" in picture["text/html"]
    assert picture["text/plain"].startswith("Map with 5 numbered pins. 1: Tokyo (Roppongi)")
    assert live["text/plain"] == repr(shown) == shown.picture.text


@pytest.mark.parametrize("provider", LIVE)
def test_two_maps_hide_two_pictures(provider):
    ids = {draw(CASES["tokyo"], provider)[1].uid for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("provider", LIVE)
def test_the_list_says_what_a_reader_who_sees_no_map_needs(provider):
    case = replace(CASES["fiji"], warning="This photo is strange")
    _, beside = draw(case, provider)
    assert [point["mark"] for point in beside.points] == [*"12345★"]
    assert beside.points[0]["text"] == "41 km from Lami, Fiji, 14%, 228 km from the true place"
    assert beside.lines[0].startswith("This photo is strange")
    assert f"Map: {provider}" in beside.lines[0]
    assert beside.alt.count("; ") == 5
    fronts = {point["mark"]: point["front"] for point in beside.points}
    assert sorted(fronts, key=fronts.get) == [*"54321★"]


@pytest.mark.parametrize("provider", LIVE)
def test_the_photo_beside_it_is_small_and_can_be_left_out(provider):
    _, beside = draw(CASES["tokyo"], provider)
    assert beside.photo["src"].startswith("data:image/jpeg;base64,")
    assert beside.photo["alt"] == "The photo tower.jpg, 64 x 48 pixels"
    assert draw(CASES["tokyo"], provider, photo=False)[1].photo == {}
