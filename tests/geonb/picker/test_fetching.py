"""The button that fetches a model while the notebook goes on."""

import html
import re
import threading
import time
import warnings

import pytest

import geonb
from geonb.weights.registry import REGISTRY
from support.mirrors import WHOLE, final, record


@pytest.fixture
def offered(mirror, cache, monkeypatch):
    """LocationNet's record, with small files on a local server."""
    monkeypatch.setitem(REGISTRY, "locationnet", record(mirror.url))
    return mirror


def click(button):
    """What a click does; gives the thread that works on it."""
    button.children[0].click()
    return next(thread for thread in threading.enumerate() if thread.name == "geonb-fetch")


def said(button):
    """The words below the button, and those of the progress bar."""
    parts = [part for box in button.children[1:] for part in getattr(box, "children", (box,))]
    return " ".join(part.value for part in parts if isinstance(part.value, str))


def test_it_tells_the_size_and_fetches_in_the_background(offered, cache, capsys):
    offered.chunk_pause = 0.002
    button = geonb.FetchButton("locationnet")
    assert button.children[0].description == "Get LocationNet (0 MB)"
    before = time.monotonic()
    worker = click(button)
    assert time.monotonic() - before < 0.3, "the click waited for the download"
    seen = set()
    while worker.is_alive():
        seen.add(said(button))
        time.sleep(0.01)
    # The name, the kilobytes of all, and the seconds that are left.
    assert any(re.search(r"big\.params:\W.*/400k.*00:0\d", html.unescape(text)) for text in seen)
    assert final(cache) == WHOLE
    assert "LocationNet is here" in button.children[0].description
    assert "geonb.load_model(&quot;locationnet&quot;" in said(button)
    assert capsys.readouterr() == ("", "")


def test_a_failure_says_what_to_do_and_a_click_goes_on(offered, cache):
    offered.cuts = [17] + [100_000] * 9
    button = geonb.FetchButton("locationnet")
    click(button).join()
    assert "did not come whole. Click to go on from there." in said(button)
    assert "\n" not in said(button)
    assert not button.children[0].disabled
    offered.cuts = []
    click(button).join()
    assert final(cache) == WHOLE
    assert offered.resumed


def test_a_model_that_is_here_needs_no_click(cache):
    button = geonb.FetchButton("mini")
    assert button.children[0].disabled
    assert "geonb.load_model(&quot;mini&quot;" in said(button)


def test_the_thread_leaves_the_process_as_it_was(offered, cache):
    before = (list(warnings.filters), set(threading.enumerate()))
    click(geonb.FetchButton("locationnet")).join()
    assert (list(warnings.filters), set(threading.enumerate())) == before


def test_who_waits_for_another_fetch_is_told(offered, cache):
    offered.chunk_pause = 0.01
    worker = click(geonb.FetchButton("locationnet"))
    time.sleep(0.3)
    with pytest.warns(UserWarning, match="another process is fetching locationnet; waiting"):
        geonb.fetch("locationnet")
    worker.join()
    assert final(cache) == WHOLE
