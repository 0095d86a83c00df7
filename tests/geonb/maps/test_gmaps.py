"""The blog's own map as data: its pins, its line, its view, and its warning."""

import numpy as np
import pytest
from ipywidgets.embed import dependency_state

import geonb
from geonb.maps.pins import pins_of
from support.places import CASES, predictions

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gmaps' own


@pytest.fixture
def gmaps():
    """The package, in which no key is left."""
    geonb.repair_gmaps()
    import gmaps

    yield gmaps
    gmaps.configure(api_key=None)


def draw(case, **options):
    return geonb.show_map(case, provider="gmaps", **options)


def saved(figure, model):
    """The widgets of a kind, in the order in which a notebook saves them."""
    states = dependency_state(figure).values()
    return [state["state"] for state in states if state["model_name"] == model]


@pytest.mark.usefixtures("gmaps")
@pytest.mark.parametrize("name", CASES)
def test_every_point_is_a_pin_with_its_words_and_the_best_lies_in_front(name):
    marked = {point.mark: point for point in pins_of(CASES[name])}
    pins = saved(draw(CASES[name]), "MarkerModel")
    assert [pin["label"] for pin in pins] == [*"54321"[-len(CASES[name]) :], *"★"][: len(marked)]
    for pin in pins:
        assert pin["location"] == marked[pin["label"]].on_mercator
        assert pin["hover_text"] == pin["info_box_content"] == marked[pin["label"]].words


@pytest.mark.usefixtures("gmaps")
def test_the_way_is_dots_across_the_line_each_with_the_distance():
    suva, taveuni = (-18.1, 178.4), (-16.8, -179.0)
    km = geonb.distance(suva, taveuni)
    dots = saved(draw(predictions([suva], taveuni)), "SymbolModel")
    places = np.array([dot["location"] for dot in dots])
    assert np.abs(places[:, 1]).max() <= 180
    whole = np.array([taveuni, *places, suva])
    assert geonb.distance(whole[:-1], whole[1:]) == pytest.approx(km / 24)
    words = f"{km:.0f} km from the true place to guess 1"
    assert {dot["hover_text"] for dot in dots} == {words}
    assert saved(draw(CASES["one"]), "SymbolModel") == []


@pytest.mark.usefixtures("gmaps")
def test_the_view_is_around_the_places_and_not_around_the_mean_of_longitudes():
    [world] = saved(draw(CASES["fiji"]), "PlainmapModel")
    lat, lng = world["initial_viewport"]["center"]
    assert geonb.distance((lat, lng), (-16.0, -176.8)) < 10
    assert world["initial_viewport"]["zoom_level"] == 5


def test_a_key_that_gmaps_was_given_stays_and_the_list_warns_of_what_is_saved(gmaps):
    gmaps.configure(api_key="their own")
    for options, key in (({}, "their own"), ({"api_key": "given"}, "given")):
        figure = draw(CASES["tokyo"], **options)
        [world], [beside] = saved(figure, "PlainmapModel"), saved(figure, "AnyModel")
        assert world["configuration"] == {"api_key": key}
        assert 'geonb_lab.clean_notebook("….ipynb")' in beside["lines"][-1]
        assert key not in str(beside)
