"""A download that breaks off: resumed where it broke, by the same call or a later one."""

import random
import re
from dataclasses import replace

import pytest

from geonb.errors import FetchError
from geonb.known import fetch
from geonb.weights import downloading
from support.mirrors import CELLS, CONTENT, WHOLE, final, left, record

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


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


def test_cut_within_the_first_kilobytes(mirror, cache):
    """Before anything was written; a server that has answered is asked again."""
    mirror.cuts = [len(CELLS), 100, 0, 2000]
    fetch(record(mirror.url))
    assert final(cache) == WHOLE


def test_a_hub_that_sends_on_to_a_new_address_each_time(mirror, cache, monkeypatch):
    monkeypatch.setattr(downloading, "PATIENCE", 0)
    mirror.redirects = True
    mirror.cuts = [len(CELLS), 200_000]
    fetch(record(mirror.url))
    assert final(cache) == WHOLE
    asked = [asked for path, asked in mirror.requests if "signature=" in path and asked]
    assert len(asked) == 1
    assert int(asked[0].removeprefix("bytes=").rstrip("-")) > 100_000, "it began at the start"


def test_a_mirror_that_compresses(mirror, cache):
    mirror.gzipped = True
    mirror.cuts = [10_000, 200_000]  # such a file is not resumed: its bytes would be others
    fetch(record(mirror.url))
    assert final(cache) == WHOLE


@pytest.mark.parametrize("length", [False, True])
def test_a_mirror_that_sends_without_end(mirror, other, cache, length, monkeypatch):
    """The disk is not filled with what cannot be the file; the next mirror is taken."""
    sizes, forget = [0], downloading.forget

    def noted(part):
        sizes.append(part.stat().st_size if part.exists() else 0)
        forget(part)

    monkeypatch.setattr(downloading, "forget", noted)
    mirror.length = length
    mirror.files["big.params"] = bytes(4_000_000)
    with pytest.raises(FetchError, match=r"(offers 4,000,000|without end).* expected 1,448,576"):
        fetch(record(mirror.url))
    assert left(cache) == ["grids.txt"]
    assert max(sizes) < 1_500_000
    fetch(record(mirror.url, other.url))
    assert final(cache) == WHOLE


def test_passwords_and_signatures_are_neither_shown_nor_stored(mirror, cache, monkeypatch):
    monkeypatch.setattr(downloading, "PATIENCE", 0)
    fetch(replace(record(mirror.url), forms=((record(mirror.url).forms[0][0],),)))
    secret = mirror.url.replace("//", "//me:SECRET@") + "big.params?key=SECRET"
    mirror.cuts = [200_000, 200_000]
    with pytest.raises(FetchError) as caught:
        fetch(record(mirror.url), secret)
    assert "SECRET" not in str(caught.value)
    assert re.search(r"big\.params\?…\w{10}: the connection broke", str(caught.value))
    mark = cache / "locationnet" / ".big.params.part.from"
    assert "SECRET" not in mark.read_text()
    fetch(record(mirror.url), secret)
    assert final(cache) == WHOLE
    assert mirror.resumed == 2
    with pytest.raises(FetchError) as caught:
        fetch(record(mirror.url), secret.replace(".params", ".zip"))
    assert "SECRET" not in str(caught.value)
