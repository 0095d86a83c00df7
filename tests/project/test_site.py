"""The site: what `make site` can't see by building it."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

import geonb
import geonb_lab
import geonb_training
from support import ROOT


@pytest.fixture
def conf(monkeypatch):
    """The site's settings."""
    for name in ("GEONB_MAP", "GEONB_CACHE", "GEONB_MODEL", "GOOGLE_MAPS_API_KEY"):
        monkeypatch.setenv(name, "")
    spec = importlib.util.spec_from_file_location("conf", ROOT / "site" / "conf.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def adapt(conf, tmp_path, monkeypatch):
    """The function that mends a page's links, for a site whose pages lie in ``tmp_path``."""
    monkeypatch.setattr(conf, "HERE", tmp_path)
    monkeypatch.setattr(conf, "ROOT", ROOT)
    for folder in ("docs", "notebooks"):
        (tmp_path / folder).mkdir()

    def adapted(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        source = [text]
        conf.adapt(None, str(Path(name).with_suffix("")), source)
        return source[0]

    return adapted


PACKAGES = (geonb, geonb_lab, geonb_training)


def test_the_reference_has_every_public_name(conf):
    shown = re.findall(r"^\.\. auto\w+:: (\w+\.\w+)", conf.reference(conf.public()), re.MULTILINE)
    names = {package.__name__: package.__all__ for package in PACKAGES}
    assert sorted(shown) == sorted(f"{home}.{name}" for home in names for name in names[home])


def test_a_link_to_a_page_of_the_site_stays_and_another_leads_to_github(adapt):
    adapt("docs/sagemaker.md", "")
    text = "[a](docs/sagemaker.md#top) [b](LICENSE) [c](https://example.org/LICENSE) [d](#five)"
    assert adapt("README.md", text) == text.replace(
        "(LICENSE)", "(https://github.com/geonb/geonb/blob/main/LICENSE)"
    )


def test_a_link_to_nothing_stops_the_build(adapt):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        adapt("docs/page.md", "[a](../no-such-file)")


def test_a_badge_is_a_link_because_its_picture_lies_on_another_host(adapt):
    text = "[![Open in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh)"
    assert adapt("README.md", text) == "[Open in Binder](https://mybinder.org/v2/gh)"


def test_the_pictures_that_a_notebook_carries_lie_beside_it(adapt, tmp_path):
    cell = {
        "cell_type": "markdown",
        "attachments": {"picture.png": {"image/png": "AAEC"}},
        "source": ["![words](attachment:picture.png)\n", "more"],
    }
    adapted = json.loads(adapt("notebooks/00.ipynb", json.dumps({"cells": [cell]})))
    assert adapted["cells"][0]["source"] == "![words](00-picture.png)\nmore"
    assert (tmp_path / "notebooks" / "00-picture.png").read_bytes() == b"\0\1\2"
