"""Whatever the mirrors do: the verified file under its name, or no file and a clear error."""

from dataclasses import replace
from pathlib import Path

import pytest

from geonb.errors import FetchError, ModelError
from geonb.known import fetch
from geonb.weights.fetching import require
from support.mirrors import CONTENT, WHOLE, final, left, record

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


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


def test_without_a_small_file_the_large_ones_are_not_begun(mirror, other, cache):
    """Two forms share the cells, which no mirror has."""
    mirror.files.pop("grids.txt")
    weights = record(mirror.url, other.url)
    cells, params = weights.forms[0]
    other_form = (cells, replace(params, name="x.mlmodel", mirrors=(f"{mirror.url}x.mlmodel",)))
    with pytest.raises(FetchError, match=r"tried \S+grids.txt: 404 Not Found\. If you have"):
        fetch(replace(weights, forms=((cells, params), other_form)))
    assert [path for path, _ in mirror.requests] == ["/grids.txt"]
    assert left(cache) == []


def test_an_address_that_two_forms_share_is_tried_once(mirror, cache):
    mirror.files["big.params"] = b"another file"
    weights = record(mirror.url)
    with pytest.raises(FetchError) as caught:
        fetch(replace(weights, forms=weights.forms * 2))
    assert str(caught.value).count("12 bytes with MD5") == 1
    assert [path for path, _ in mirror.requests] == ["/grids.txt", "/big.params"]


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
        require(weights)
    fetch(weights)
    assert final(cache) == WHOLE
    assert require(weights) == victim


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
    with pytest.raises(ModelError, match=r"no model 'maxi'.*locationnet, geoclip, mini"):
        fetch("maxi")


def test_mini_is_there_already():
    assert (fetch("mini") / "grids.txt").is_file()
