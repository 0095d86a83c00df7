"""Whatever the mirrors do: the verified file under its name, or no file and a clear error."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from limits import powerless, quota
from servers import Mirror, serve

from geonb.errors import FetchError, ModelError
from geonb.weights import downloading
from geonb.weights.fetching import fetch
from geonb.weights.registry import LOCATIONNET, Weights, WeightsFile, find_cached

CONTENT = random.Random(0).randbytes(400_000)
CELLS = b"89c25\t40.7\t-74.0\n"


def record(*mirrors, content=CONTENT):
    """A model whose parameters lie on ``mirrors``, its cells on the first."""
    md5 = hashlib.md5(content).hexdigest()
    form = (
        WeightsFile("grids.txt", (f"{mirrors[0]}grids.txt",), hashlib.md5(CELLS).hexdigest()),
        WeightsFile("big.params", tuple(f"{m}big.params" for m in mirrors), md5, len(content)),
    )
    return replace(LOCATIONNET, forms=(form,))


@pytest.fixture
def mirror():
    with serve(Mirror({"grids.txt": CELLS, "big.params": CONTENT})) as mirror:
        yield mirror


@pytest.fixture
def other():
    with serve(Mirror({"grids.txt": CELLS, "big.params": CONTENT})) as mirror:
        yield mirror


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(downloading, "TIMEOUT_S", (1.0, 0.3))
    monkeypatch.setattr(downloading, "_PAUSE_S", 0.01)


def final(cache):
    """The files in the cache under names that geonb would load."""
    folder = cache / "locationnet"
    names = ("grids.txt", "big.params")
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def left(cache):
    return sorted(p.name for p in (cache / "locationnet").iterdir() if "lock" not in p.name)


WHOLE = {"grids.txt": CELLS, "big.params": CONTENT}


def test_files_are_fetched_once(mirror, cache, capsys):
    weights = record(mirror.url)
    assert fetch(weights) == cache / "locationnet" / "big.params"
    assert final(cache) == WHOLE
    assert left(cache) == ["big.params", "grids.txt"]
    assert "big.params: 100%" in capsys.readouterr().err
    asked = len(mirror.requests)
    fetch(weights)
    assert len(mirror.requests) == asked


@pytest.mark.parametrize("status", [403, 404, 500])
def test_the_next_mirror_takes_over(mirror, other, cache, status):
    weights = record(other.url, mirror.url)
    fetch(replace(weights, forms=((weights.forms[0][0],),)))  # the cells are there
    other.status = status
    fetch(weights)
    assert final(cache) == WHOLE


def test_a_mirror_that_does_not_answer_in_time(mirror, other, cache):
    other.delay = 0.8
    weights = record(mirror.url, other.url)
    params = replace(weights.forms[0][1], mirrors=weights.forms[0][1].mirrors[::-1])
    fetch(replace(weights, forms=((weights.forms[0][0], params),)))
    assert final(cache) == WHOLE
    assert other.requests


def test_when_all_fail_every_address_and_answer_is_told(mirror, other, cache):
    mirror.files.pop("big.params")
    other.status = 403
    with pytest.raises(FetchError) as caught:
        fetch(record(mirror.url, other.url))
    text = str(caught.value)
    assert f"{mirror.url}big.params: 404 Not Found" in text
    assert f"{other.url}big.params: 403 Forbidden" in text
    assert "geonb fetch locationnet --from FILE|FOLDER|URL" in text
    assert "GEONB_LOCATIONNET" in text
    assert "\n" not in text
    assert list(final(cache)) == ["grids.txt"]


def test_without_a_small_file_the_large_ones_are_asked_for_but_not_begun(mirror, other, cache):
    """Two forms share the cells, which no mirror has."""
    mirror.files.pop("grids.txt")
    weights = record(mirror.url, other.url)
    cells, params = weights.forms[0]
    gone = replace(params, name="x.mlmodel", mirrors=(f"{mirror.url}x.mlmodel",))
    with pytest.raises(FetchError) as caught:
        fetch(replace(weights, forms=((cells, params), (cells, gone))))
    answers = str(caught.value).split("tried ")[1].split(". If you have")[0].split("; ")
    assert answers == [
        f"{mirror.url}grids.txt: 404 Not Found",
        f"{mirror.url}big.params: there, not fetched",
        f"{other.url}big.params: there, not fetched",
        f"{mirror.url}x.mlmodel: 404 Not Found",
    ]
    asked = [path for path, _ in mirror.requests]
    assert sorted(asked) == ["/big.params", "/grids.txt", "/x.mlmodel"]
    assert left(cache) == []


def test_an_address_that_two_forms_share_is_tried_once(mirror, cache):
    mirror.files["big.params"] = b"another file"
    weights = record(mirror.url)
    with pytest.raises(FetchError) as caught:
        fetch(replace(weights, forms=weights.forms * 2))
    assert str(caught.value).count("12 bytes with MD5") == 1
    assert [path for path, _ in mirror.requests] == ["/grids.txt", "/big.params"]


def test_cut_twenty_times_and_resumed_each_time(mirror, cache):
    fetch(replace(record(mirror.url), forms=((record(mirror.url).forms[0][0],),)))
    mirror.cuts = sorted(random.Random(1).sample(range(40_000, len(CONTENT)), 20))
    cuts = len(mirror.cuts)
    fetch(record(mirror.url))
    assert final(cache) == WHOLE
    assert mirror.resumed == cuts
    assert left(cache) == ["big.params", "grids.txt"]


@pytest.mark.parametrize("seed", range(20))
def test_cut_anywhere_then_fetched_again(mirror, cache, seed, monkeypatch):
    """A call that is cut and gives up leaves no file; the next, as by another process, goes on."""
    monkeypatch.setattr(downloading, "PATIENCE", 0)
    weights = record(mirror.url)
    fetch(replace(weights, forms=((weights.forms[0][0],),)))
    cut = random.Random(seed).randrange(len(CONTENT))
    mirror.cuts = [cut, cut]  # the second time, not one new byte
    for _ in range(3):
        try:
            fetch(weights)
        except FetchError as error:
            assert "the connection broke" in str(error)  # noqa: PT017 - what counts is the end
            assert list(final(cache)) == ["grids.txt"]
    assert mirror.cuts == []
    assert final(cache) == WHOLE


def test_a_mirror_that_falls_silent_halfway(mirror, cache):
    mirror.stalls = [len(CELLS) + 1, 100_000, 200_000]
    fetch(record(mirror.url))
    assert final(cache) == WHOLE
    assert mirror.resumed == 2


def test_a_server_that_ignores_range(mirror, cache):
    mirror.ranges = False
    mirror.cuts = [len(CELLS), 100_000, 300_000]
    fetch(record(mirror.url))
    assert final(cache) == WHOLE


def test_a_file_that_changed_between_two_parts_is_fetched_anew(mirror, cache, monkeypatch):
    monkeypatch.setattr(downloading, "PATIENCE", 0)
    weights = record(mirror.url)
    mirror.files["big.params"], mirror.version = b"\0" * 500_000, '"0"'
    mirror.cuts = [len(CELLS), 200_000, 200_000]
    with pytest.raises(FetchError, match="the connection broke"):
        fetch(weights)
    mirror.files["big.params"], mirror.version = CONTENT, '"1"'
    fetch(weights)
    assert final(cache) == WHOLE


@pytest.mark.parametrize("wrong", [CONTENT[:-1], CONTENT[:-1] + b"x", CONTENT + b"x", b"", b"x"])
def test_a_wrong_file_never_gets_its_name(mirror, cache, wrong):
    mirror.files["big.params"] = wrong
    with pytest.raises(FetchError, match=f"{len(wrong):,} bytes with MD5 .*, expected"):
        fetch(record(mirror.url))
    assert list(final(cache)) == ["grids.txt"]
    assert left(cache) == ["grids.txt"]


def test_an_html_page_with_status_200(mirror, other, cache):
    other.files["big.params"], other.kind = b"<html>moved</html>", "text/html; charset=utf-8"
    weights = record(mirror.url)
    params = replace(weights.forms[0][1], mirrors=(f"{other.url}big.params",))
    only = replace(weights, forms=((weights.forms[0][0], params),))
    with pytest.raises(FetchError, match="an HTML page, not the file"):
        fetch(only)
    assert list(final(cache)) == ["grids.txt"]


@pytest.mark.parametrize("harm", ["cut", "changed"])
def test_a_cached_file_that_was_harmed_is_noticed(mirror, cache, harm):
    weights = record(mirror.url)
    victim = fetch(weights)
    data = bytearray(victim.read_bytes())
    if harm == "cut":
        del data[-1000:]
    else:
        data[1234] ^= 1
    victim.write_bytes(data)
    with pytest.raises(FetchError, match=r"big\.params there was cut off or changed.*geonb fetch"):
        find_cached(weights)
    fetch(weights)
    assert final(cache) == WHOLE
    assert find_cached(weights) == victim


RUN = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits it ignored
from geonb.weights.fetching import fetch
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
    from dataclasses import asdict

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
    assert "make room" in errors.splitlines()[-1]
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


@pytest.mark.parametrize("way", ["file", "folder", "url", "base"])
def test_files_of_the_users_own(mirror, other, cache, tmp_path, way):
    mirror.files.pop("big.params")
    own = tmp_path / "own"
    own.mkdir()
    (own / "renamed.params").write_bytes(CONTENT)
    if way == "folder":
        (own / "renamed.params").rename(own / "big.params")
    ways = {
        "file": own / "renamed.params",
        "folder": own,
        "url": f"{other.url}big.params",
        "base": other.url,
    }
    fetch(record(mirror.url), ways[way])
    assert final(cache) == WHOLE


def test_a_wrong_file_of_the_users_own_is_refused(mirror, cache, tmp_path):
    (tmp_path / "x.params").write_bytes(b"something else")
    fetch(record(mirror.url))
    with pytest.raises(FetchError, match=r"x\.params: not the file"):
        fetch(record(mirror.url), tmp_path / "x.params")
    assert final(cache) == WHOLE
    with pytest.raises(FetchError, match="none of the files of locationnet"):
        fetch(record(mirror.url), tmp_path / "gone")
    assert Path(tmp_path / "x.params").read_bytes() == b"something else"


def test_unknown_models():
    with pytest.raises(ModelError, match=r"no model 'maxi'.*locationnet, mini"):
        fetch("maxi")


def test_mini_is_there_already():
    assert fetch("mini").is_file()
