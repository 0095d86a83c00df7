"""The known models by name: which is taken, why, and where it lies."""

from dataclasses import replace

import onnx
import pytest
from onnx import helper

import geonb
from geonb.errors import FetchError, ModelError
from geonb.known import choose
from geonb.weights.registry import LOCATIONNET
from support.geoclip_files import write_onnx_form
from support.networks import write_network

STREET = geonb.example_photo()


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path / "own")


def test_without_a_name_the_model_says_why_it_was_taken(files, cache, monkeypatch):
    monkeypatch.delenv("GEONB_MODEL", raising=False)
    model = geonb.load_model()
    assert model.name == "mini"
    assert "because no model for real photos is here yet; the notebook Your photos" in repr(model)
    assert "or geonb fetch geoclip --precision int8, gets one (347 MB)" in repr(model)

    monkeypatch.setenv("GEONB_LOCATIONNET", str(files.prefix))
    model = geonb.load_model()
    assert model.name == "locationnet"
    assert "Jaeyoung Choi and Kevin Li, CC BY-SA 3.0" in repr(geonb.predict(model, STREET))
    assert "chosen because LocationNet is on this machine" in repr(model)

    monkeypatch.setenv("GEONB_MODEL", "mini")
    model = geonb.load_model()
    assert model.name == "mini"
    assert "chosen because GEONB_MODEL is mini" in repr(model)
    assert "chosen because" not in repr(geonb.load_model("mini"))


def test_a_model_that_was_asked_for_is_never_replaced(cache, monkeypatch):
    monkeypatch.setenv("GEONB_MODEL", "locationnet")
    with pytest.raises(ModelError, match="locationnet is not in the cache"):
        geonb.load_model(download=False)


def test_files_of_the_users_own_take_its_place(tmp_path, monkeypatch):
    own = write_network(tmp_path / "own")
    monkeypatch.setenv("GEONB_LOCATIONNET", own.prefix)
    model = geonb.load_model("locationnet")
    assert "CC BY-SA 3.0" in repr(model)
    assert "Jaeyoung Choi and Kevin Li" in repr(model)
    assert f"your own files, {own.prefix}" in repr(model)


def test_fetching_a_model_whose_files_are_the_users_own_gives_these(files, tmp_path, monkeypatch):
    monkeypatch.setenv("GEONB_LOCATIONNET", files.prefix)
    assert str(geonb.fetch("locationnet")) == files.prefix
    gone = tmp_path / "gone"
    monkeypatch.setenv("GEONB_LOCATIONNET", str(gone))
    words = rf"GEONB_LOCATIONNET is {gone}, but .*gone-symbol\.json: no such file"
    with pytest.raises(FetchError, match=words):
        geonb.fetch("locationnet")


def test_the_first_of_the_known_models_that_is_here_is_taken(files, tmp_path, cache, monkeypatch):
    monkeypatch.setenv("GEONB_GEOCLIP", str(write_onnx_form(tmp_path / "clip")))
    assert choose("float32") == ("geoclip", "GeoCLIP is on this machine")
    monkeypatch.setenv("GEONB_LOCATIONNET", files.prefix)
    assert choose("float32") == ("locationnet", "LocationNet is on this machine")
    monkeypatch.setenv("GEONB_MODEL", "folder/of/mine")
    assert choose("float32") == ("folder/of/mine", "GEONB_MODEL is folder/of/mine")


def test_locationnet_as_onnx_is_known_by_its_labels(real_files, cache, tmp_path):
    """No digest of that file was ever published."""
    weights = replace(LOCATIONNET, forms=LOCATIONNET.forms[-1:])
    path = tmp_path / "RN1015k500.onnx"
    labels = (real_files / "grids.txt").read_text().splitlines()
    for named in (labels[1:], labels):
        node = helper.make_node("ZipMap", ["a"], ["b"], classlabels_strings=named)
        onnx.save(helper.make_model(helper.make_graph([node], "labels", [], [])), path)
        if named != labels:
            with pytest.raises(FetchError, match="its 15,526 labels are not the cells of locatio"):
                geonb.fetch(weights, path)
    assert geonb.fetch(weights, path) == cache / "locationnet" / "RN1015k500.onnx"
