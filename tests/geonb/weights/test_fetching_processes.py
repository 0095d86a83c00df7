"""Fetching in processes of their own: two at once, full disks, closed folders, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import pytest

from geonb.known import fetch
from geonb.weights.registry import Weights
from support.limits import powerless, quota
from support.mirrors import WHOLE, final, record

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet

RUN = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits it ignored
from geonb.known import fetch
from geonb.weights.registry import Weights, WeightsFile
record = json.loads(sys.argv[1])
forms = tuple(tuple(WeightsFile(**file) for file in form) for form in record.pop("forms"))
from geonb.errors import FetchError
try:
    fetch(Weights(**record, forms=forms))
except FetchError as error:
    sys.exit(f"FetchError: {error}")
"""


def start(weights: Weights, cache, **options):
    command = [sys.executable, "-c", RUN, json.dumps(asdict(weights))]
    environment = {**os.environ, "GEONB_CACHE": str(cache)}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, **options)


def test_two_processes_fetch_each_file_once(mirror, cache):
    mirror.chunk_pause = 0.001
    runs = [start(record(mirror.url), cache) for _ in range(2)]
    for run in runs:
        assert (run.communicate()[0], run.returncode) == (None, 0)
    assert final(cache) == WHOLE
    assert sorted(path for path, _ in mirror.requests) == ["/big.params", "/grids.txt"]


def test_a_full_disk(mirror, cache):
    """A quota of 200 kB a file stands in for the disk."""
    run = start(record(mirror.url), cache, preexec_fn=quota(200_000))
    errors = run.communicate()[1].decode()
    assert run.returncode == 1
    assert "FetchError" in errors
    assert "free some space" in errors.splitlines()[-1]
    assert list(final(cache)) == ["grids.txt"]
    fetch_in_peace = start(record(mirror.url), cache)
    fetch_in_peace.communicate()
    assert fetch_in_peace.returncode == 0
    assert final(cache) == WHOLE


def test_a_cache_that_cannot_be_written(mirror, cache):
    cache.mkdir()
    cache.chmod(0o555)
    run = start(record(mirror.url), cache, preexec_fn=powerless)
    errors = run.communicate()[1].decode()
    cache.chmod(0o755)
    assert run.returncode == 1
    assert "Permission denied" in errors.splitlines()[-1]
    assert "GEONB_CACHE" in errors.splitlines()[-1]
    assert list(cache.iterdir()) == []


def test_a_full_cache_that_cannot_be_written_is_used_as_it_is(mirror, cache):
    fetch(record(mirror.url))
    paths = [cache, *cache.rglob("*")]
    for path in paths:
        path.chmod(0o555)
    run = start(record(mirror.url), cache, preexec_fn=powerless)
    errors = run.communicate()[1]
    for path in paths:
        path.chmod(0o755)
    assert (run.returncode, errors) == (0, b"")


def test_ctrl_c_in_the_middle_then_again(mirror, cache):
    mirror.chunk_pause = 0.02
    run = start(record(mirror.url), cache)
    part = cache / "locationnet" / ".big.params.part"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 30_000):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in run.communicate()[1]
    assert list(final(cache)) == ["grids.txt"]
    mirror.chunk_pause = 0
    fetch(record(mirror.url))
    assert final(cache) == WHOLE
    assert mirror.resumed == 1
