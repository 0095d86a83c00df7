"""Which map is drawn, and what is said where its packages are missing."""

import re
import sys
import tomllib

import numpy as np
import pytest

import geonb
from geonb.errors import MapError, MissingDependencyError
from geonb.maps import plane
from geonb.maps.show import choose
from support import ROOT
from support.places import CASES, from_tokens


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
    ("provider", "missing", "package", "extra"),
    [
        ("google", "anywidget", "anywidget", "maps"),
        ("google", "anywidget traitlets", "traitlets", "maps"),
        ("leaflet", "ipyleaflet", "ipyleaflet", "maps"),
        ("leaflet", "anywidget", "anywidget", "maps"),
        ("leaflet", "anywidget ipyleaflet ipywidgets traitlets", "ipyleaflet", "maps"),
        ("gmaps", "gmaps", "gmaps", "gmaps"),
        ("gmaps", "anywidget", "anywidget", "gmaps"),
        ("gmaps", "anywidget gmaps ipywidgets traitlets", "gmaps", "gmaps"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gmaps' own
def test_a_provider_that_is_not_installed_names_the_command(
    monkeypatch, provider, missing, package, extra
):
    """Also in a plain install, where traitlets and ipywidgets are missing too."""
    for name in ("google", "leaflet", "gmaps", "live"):
        monkeypatch.delitem(sys.modules, f"geonb.maps.{name}", raising=False)
    for name in missing.split():
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError) as caught:
        geonb.show_map(CASES["one"], provider=provider)
    assert str(caught.value) == (
        f"the {provider} map needs the package {package}, which is not installed; "
        f'install it with: pip install "geonb[{extra}]"'
    )


def test_without_gmaps_there_is_nothing_to_repair(monkeypatch):
    monkeypatch.setitem(sys.modules, "gmaps", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "geonb\[gmaps\]"'):
        geonb.repair_gmaps()


def test_every_extra_has_the_packages_of_its_maps():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra, packages in (
        ("maps", {"anywidget", "ipyleaflet"}),
        ("gmaps", {"anywidget", "gmaps"}),
    ):
        lines = project["optional-dependencies"][extra]
        assert packages <= {re.match("[a-z]+", line)[0] for line in lines}


def test_cells_all_over_the_world_are_drawn_on_a_map_of_it():
    cells = geonb.Cells(from_tokens(["1", "5"]), np.array([[0.0, 0.0], [0.0, 180.0]]))
    (axes,) = geonb.show_cells(cells, "static").figure().axes
    east, north = plane.equal_earth(np.array([[180.0, 0.0], [0.0, 90.0]])).max(axis=0)
    assert axes.get_xlim() == pytest.approx((-east, east), rel=1e-3)
    assert axes.get_ylim() == pytest.approx((-north, north), rel=1e-3)


def test_google_draws_no_cells():
    with pytest.raises(MapError, match="cells are not drawn by google; choose auto, leaflet or st"):
        geonb.show_cells(geonb.load_model("mini"), "google")
