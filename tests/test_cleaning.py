"""Notebooks are cleaned of keys, wherever they stand."""

import json

import pytest

import geonb
from geonb.errors import MapError

KEY = "AIza" + "x" * 35
OWN = 'own"key'  # a key that no pattern knows, with a character that JSON escapes


def notebook(tmp_path, key):
    state = {"m1": {"state": {"configuration": {"api_key": key}}}, "m2": {"state": {}}}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": state}}
    cell = {"cell_type": "code", "source": [f"gmaps.configure(api_key='{key}')"], "outputs": []}
    path = tmp_path / "map.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {"widgets": widgets}}))
    return path


@pytest.mark.parametrize("key", [KEY, OWN])
def test_keys_are_taken_out_of_state_and_cells(tmp_path, key):
    path = notebook(tmp_path, key)
    assert geonb.clean_notebook(path) == 2
    cleaned = json.loads(path.read_text())
    assert key not in str(cleaned)
    assert cleaned["cells"][0]["source"] == ["gmaps.configure(api_key='')"]
    assert geonb.clean_notebook(path) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["map.ipynb"]


def test_the_key_of_the_environment_is_taken_out(tmp_path, monkeypatch):
    path = tmp_path / "map.ipynb"
    path.write_text(json.dumps({"cells": [{"outputs": [{"text": ["my secret"]}]}]}))
    assert geonb.clean_notebook(path) == 0
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "secret")
    assert geonb.clean_notebook(path) == 1
    assert "secret" not in path.read_text()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"metadata": 3}'])
def test_what_is_no_notebook_is_named_and_left_alone(tmp_path, text):
    path = tmp_path / "map.ipynb"
    path.write_text(text)
    with pytest.raises(MapError, match=r"map.ipynb: not a notebook"):
        geonb.clean_notebook(path)
    assert path.read_text() == text


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(MapError, match=r"none.ipynb: cannot read the notebook"):
        geonb.clean_notebook(tmp_path / "none.ipynb")
