"""The browser harness itself: both front ends run a notebook, and nothing else is reachable."""

import json
import sys

import pytest

from support.jupyter_server import TEST_KEY

pytestmark = pytest.mark.newest

CELLS = [
    "import os, sys; print(sys.executable)",
    """from IPython.display import HTML
HTML('<b class="hello">hello</b><img alt="" src="https://example.org/a.png">')""",
]


@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_a_notebook_runs_in_this_environment_and_reaches_nothing_else(open_notebook, app):
    tab = open_notebook(CELLS, app)
    tab.run()
    assert tab.output().locator(".hello").inner_text() == "hello"
    assert tab.output(0).inner_text().strip() == sys.executable
    assert set(tab.refused) == {"https://example.org/a.png"}
    saved = json.loads(tab.save())
    assert "widgets" in saved["metadata"]
    assert TEST_KEY not in str(saved)


def test_a_failing_cell_fails_the_run(open_notebook):
    tab = open_notebook(["raise ValueError('no such place')"])
    assert tab.run(errors=True) == ["ValueError: no such place"]
    with pytest.raises(AssertionError, match="no such place"):
        tab.run()
