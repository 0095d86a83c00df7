"""How mirrors are asked for a model: by whom, how patiently, and with which secrets."""

import time
from dataclasses import replace

import pytest

from geonb.errors import FetchError
from geonb.known import fetch
from geonb.web import asking
from geonb.weights import downloading
from geonb.writing import MARK
from support.mirrors import CELLS, CONTENT, WHOLE, final, record

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


def test_who_is_asking_is_told(mirror, cache):
    fetch(record(mirror.url))
    assert all("(+https://github.com/geonb" in asked["User-Agent"] for asked in mirror.headers)


def test_the_servers_own_words_are_told_and_shortened(mirror, cache):
    mirror.status, mirror.words = 403, "Please name yourself. " * 5_000
    with pytest.raises(FetchError, match="403 Forbidden: Please name yourself") as caught:
        fetch(record(mirror.url))
    assert len(str(caught.value)) < 1_500


@pytest.mark.parametrize("long", ["kind", "words"])
def test_what_a_server_sends_makes_no_long_message(mirror, cache, long):
    setattr(mirror, long, "text/html" if long == "words" else "text/" + "x" * 60_000)
    mirror.status = 200 if long == "kind" else 500
    mirror.words = "y" * 100_000
    mirror.files["big.params"] = b"<html>" * 10_000
    with pytest.raises(FetchError) as caught:
        fetch(record(mirror.url))
    assert len(str(caught.value)) < 1_500


@pytest.fixture
def fetched_so_far(mirror, cache):
    """Leaves a part of the parameters, as an interrupted download does."""

    def leave(data):
        weights = record(mirror.url)
        fetch(replace(weights, forms=(weights.forms[0][:1],)))
        part = cache / "locationnet" / ".big.params.part"
        part.write_bytes(data)
        part.with_name(f"{part.name}.from").write_text(mirror.version)
        return weights

    return leave


def test_what_came_whole_before_is_not_asked_for_again(mirror, cache, fetched_so_far):
    """The process ended after the last byte; the server has no more to send (416)."""
    fetch(fetched_so_far(CONTENT))
    assert final(cache) == WHOLE
    assert mirror.requests[-1] == ("/big.params", f"bytes={len(CONTENT)}-")


def test_a_part_that_is_longer_than_the_file_is_begun_anew(mirror, cache, fetched_so_far):
    weights = fetched_so_far(CONTENT + b"more")
    with pytest.raises(FetchError, match="sent another range than it was asked for; try again"):
        fetch(weights)
    fetch(weights)
    assert final(cache) == WHOLE


def test_chunks_that_end_before_the_length_that_was_told(mirror, cache, monkeypatch):
    monkeypatch.setattr(downloading, "PATIENCE", 0)
    mirror.chunked, mirror.cuts = True, [len(CELLS), 100_000, 100_000]
    with pytest.raises(FetchError, match="ended early, repeatedly; 100,000 bytes are kept, try"):
        fetch(record(mirror.url))
    fetch(record(mirror.url))
    assert final(cache) == WHOLE


def test_a_file_of_your_own_that_cannot_be_read(cache, tmp_path):
    for name in WHOLE:
        (tmp_path / "own" / name).mkdir(parents=True)
    with pytest.raises(FetchError, match=r"grids\.txt: cannot read it \(Is a directory\)"):
        fetch(record("https://mirror.invalid/"), tmp_path / "own")


def test_a_cache_that_cannot_take_a_file_of_your_own(cache, tmp_path):
    for name, data in WHOLE.items():
        (tmp_path / name).write_bytes(data)
    (cache / "locationnet" / ".grids.txt.part").mkdir(parents=True)
    (cache / "locationnet" / MARK).touch()
    with pytest.raises(FetchError, match=r"cannot write locationnet there \(Is a directory\)"):
        fetch(record("https://mirror.invalid/"), tmp_path)


def test_a_pause_that_the_server_asks_for_is_made_and_told(mirror, cache, capsys):
    mirror.pauses = 1
    before = time.monotonic()
    fetch(record(mirror.url))
    assert final(cache) == WHOLE
    assert time.monotonic() - before >= 1
    assert "429 Too Many Requests; it asks for a pause of 1 s" in capsys.readouterr().err


def test_a_pause_that_is_too_long_is_left_to_the_user(mirror, cache, monkeypatch):
    monkeypatch.setattr(asking, "LONGEST_PAUSE_S", 0.5)
    mirror.pauses = 9
    with pytest.raises(FetchError, match=r"429 Too Many Requests; it asks for a pause of 1 s"):
        fetch(record(mirror.url))


@pytest.mark.parametrize("drip", ["chunk_pause", "head_pause"])
def test_a_file_that_drips_in_is_given_up_in_the_end(mirror, other, cache, monkeypatch, drip):
    """Each byte comes within its time-out. What has come is kept, and another mirror has it."""
    monkeypatch.setattr(downloading, "PATIENCE_S", 0.6)
    monkeypatch.setattr(downloading, "SLOWEST", 10_000_000)
    setattr(mirror, drip, 0.05)
    before = time.monotonic()
    with pytest.raises(FetchError, match="took too long"):
        fetch(record(mirror.url))
    assert time.monotonic() - before < 6
    fetch(record(other.url))
    assert final(cache) == WHOLE


def test_a_file_may_take_the_longer_the_larger_it_is(mirror, cache, monkeypatch):
    monkeypatch.setattr(downloading, "PATIENCE_S", 0.1)
    monkeypatch.setattr(downloading, "SLOWEST", 100_000)
    mirror.chunk_pause = 0.001  # 400 kB in half a second
    fetch(record(mirror.url))
    assert final(cache) == WHOLE


def test_logins_of_a_netrc_go_to_nobody(mirror, other, cache, tmp_path, monkeypatch):
    """Its default entry would be sent to every mirror, and to where a mirror leads."""
    netrc = tmp_path / ".netrc"
    netrc.write_text(
        "machine localhost login me password SECRET\ndefault login me password SECRET\n"
    )
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    mirror.leads_to = other.url
    fetch(record(mirror.url))
    asked = mirror.headers + other.headers
    assert len(asked) == 4
    assert not any("authorization" in map(str.lower, headers) for headers in asked)


def test_a_login_in_an_address_goes_to_its_server_alone(mirror, other, cache):
    mirror.leads_to = other.url
    fetch(record(mirror.url.replace("//", "//me:SECRET@")))
    assert all(headers["authorization"].startswith("Basic ") for headers in mirror.headers)
    assert not any("authorization" in map(str.lower, headers) for headers in other.headers)
