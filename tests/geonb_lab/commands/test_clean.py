"""``geonb clean``, as a user runs it."""

import pytest

from support.command import run_geonb
from support.keyed_notebook import KEY, notebook

pytestmark = pytest.mark.newest  # beside MXNet, all of it is the same


def test_a_key_is_removed_and_a_key_that_is_none_is_one_line(tmp_path):
    path = notebook(tmp_path, KEY)
    run = run_geonb("clean", "map.ipynb", cwd=tmp_path)
    assert run.returncode == 0
    assert run.stdout.startswith("map.ipynb: removed an API key from 3 places")
    assert KEY not in path.read_text()
    run = run_geonb("clean", "map.ipynb", cwd=tmp_path, GOOGLE_MAPS_API_KEY="x")
    assert run.returncode == 2
    assert run.stderr.startswith("geonb: GOOGLE_MAPS_API_KEY holds 1 characters")
