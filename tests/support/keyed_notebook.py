"""A notebook that holds a key, as Jupyter saves it."""

import json

KEY = "AIza" + "x" * 35
OWN = "another-key_of-someone"  # that only gmaps' state or the environment tells
STATE = "application/vnd.jupyter.widget-state+json"


def notebook(tmp_path, key=None, **metadata):
    """A notebook as Jupyter saves it; with the state of gmaps' widgets if it holds a key."""
    if key:
        state = {"configuration": {"api_key": key}}
        models = {"m1": {"model_module": "jupyter-gmaps", "state": state}}
        models["m2"] = {"model_module": "@jupyter-widgets/output", "state": {"outputs": "SECRET"}}
        metadata["widgets"] = {STATE: {"version_major": 2, "state": models}}
    source = [f"# Grüße\ngmaps.configure(api_key='{key}')", "'\\ud83d'", f"x = 1\n{key}\n"]
    cells = [{"cell_type": "code", "source": source, "outputs": [], "metadata": {}}]
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path = tmp_path / "map.ipynb"
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    return path
