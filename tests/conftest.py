"""What every test starts from: a cache of its own, and the real files where they lie."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

import geonb

pytest_plugins = (
    "support.browser",
    "support.jupyter_server",
    "support.live_maps",
    "support.mirrors",
    "support.web",
)

# A busy machine is no bug; and CI tries the same examples each time, so that red means a change.
settings.register_profile("geonb", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("geonb")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """A cache folder for the whole run, so that no test touches the user's."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GEONB_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.delenv("GEONB_LOCATIONNET", raising=False)
    patch.delenv("GEONB_MODEL", raising=False)
    patch.setenv("GEONB_QUICK", "1")  # for the notebook that trains
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
    return Path(geonb.__file__).parent / "data" / "locationnet"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what opens a browser, and skip what needs another system or another Python."""
    here = sys.platform == "linux" and sys.version_info[:2] == (3, 11)
    elsewhere = pytest.mark.skipif(not here, reason="needs Linux and Python 3.11")
    for item in items:
        if "chromium" in item.fixturenames:
            item.add_marker("browser")
        if item.get_closest_marker("linux311"):
            item.add_marker(elsewhere)


def pytest_sessionfinish(session):
    """Where nothing may be skipped (GEONB_NO_SKIPS), a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # one of several processes; the first of them reports
        return
    if os.environ.get("GEONB_NO_SKIPS") and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line("GEONB_NO_SKIPS is set, and tests were skipped", red=True)
