"""What every test starts from: a cache of its own, and the real files where they lie."""

import os
from pathlib import Path

import pytest
from browser import chromium, jupyter, open_notebook  # noqa: F401 (fixtures)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """A cache folder for the whole run, so that no test touches the user's."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GEONB_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.delenv("GEONB_LOCATIONNET", raising=False)
    patch.delenv("GEONB_MAP", raising=False)
    patch.delenv("GOOGLE_MAPS_API_KEY", raising=False)
    yield
    patch.undo()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder for one test."""
    monkeypatch.setenv("GEONB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def real_files():
    """The folder with LocationNet's real symbol and cells."""
    folder = os.environ.get("GEONB_REAL_FILES")
    if not folder:
        pytest.skip("GEONB_REAL_FILES does not name the folder with LocationNet's real files")
    return Path(folder)
