"""The build of gmaps' widgets: what is committed, and what it says without node."""

import json
import os
import subprocess
import sys

import pytest

from support import ROOT

pytestmark = pytest.mark.newest

FOLDER = ROOT / "labextension"


def test_the_lock_names_no_registry():
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    assert lock["packages"]
    assert not any("resolved" in package for package in lock["packages"].values())


def test_without_node_one_line_says_so_and_no_dialogue_opens(tmp_path):
    target = tmp_path / "share" / "jupyter" / "labextensions"
    env = {**os.environ, "PATH": str(tmp_path), "GEONB_LABEXTENSIONS": str(target)}
    build = [sys.executable, FOLDER / "build.py"]
    done = subprocess.run(build, env=env, check=True, capture_output=True, text=True)
    assert done.stdout == (
        "gmaps' maps are left out: node and npm (node 18 or newer) are not installed; "
        "all else works.\n"
    )
    assert not target.exists()
    config = tmp_path / "etc" / "jupyter" / "labconfig" / "page_config.json"
    assert json.loads(config.read_text()) == {"buildCheck": False}
