"""Cells that show live maps, the pins of each, and gmaps' widgets for today's JupyterLab."""

import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT, TESTS
from support.places import CASES

SETUP = f"""import os, sys
sys.path.insert(0, {str(TESTS)!r})
import geonb
from support.places import CASES, EVIL
key = os.environ["GEONB_TEST_KEY"]"""
TALL = (1400, 6400)
PINS = {
    "leaflet": ".leaflet-marker-icon:has([data-geonb])",
    "google": ".fake-marker",
    "gmaps": ".fake-marker",
}


def cells(provider, names=CASES):
    key = ", api_key=key" if provider in {"google", "gmaps"} else ""
    return [SETUP, *(f"geonb.show_map(CASES[{n!r}], provider={provider!r}{key})" for n in names)]


@pytest.fixture(scope="session")
def gmaps_widgets(jupyter):
    """gmaps' widgets: those of the environment, or else built for the tests' server."""
    here = Path(sys.prefix, "share", "jupyter", "labextensions")
    if not (here / "jupyter-gmaps").is_dir():
        folder = Path(jupyter.env["JUPYTER_DATA_DIR"]) / "labextensions"
        build = [sys.executable, ROOT / "labextension" / "build.py"]
        env = {**jupyter.env, "GEONB_LABEXTENSIONS": str(folder)}
        done = subprocess.run(build, env=env, check=True, capture_output=True, text=True)
        if not (folder / "jupyter-gmaps").is_dir():
            pytest.skip(done.stdout)
