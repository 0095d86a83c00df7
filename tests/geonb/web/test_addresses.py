"""Addresses: told from paths, read by one parser, and shown without their secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import geonb
import geonb_lab
from geonb.photos import urls
from geonb.web.addresses import host_of, is_address, parsed, port_of, redacted
from support.web import PNG, refused

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet

MISTYPED = [
    "//me:SECRET@host.test/a.jpg",
    "http:/me:SECRET@host.test/a.jpg", "https//me:SECRET@host.test", "http:me:SECRET@host.test/a",
    "htps:/me:SECRET@host.test/a.jpg", "me:SECRET@host.test/a.jpg", " HTTP:/me:SECRET@host.test",
    "http:///me:SECRET@host.test/a", "http:\\\\me:SECRET@host.test", "://me:SECRET@host.test/a",
]  # fmt: skip


@pytest.mark.parametrize("url", MISTYPED)
def test_a_mistyped_address_is_no_path_and_its_login_is_not_shown(url):
    with refused("://….*expected a path, or an address with http:// or https://") as caught:
        geonb.open_photo(url)
    (result,) = geonb_lab.predict_many(geonb.load_model("mini"), [url], progress=False)
    for text in (str(caught.value), repr(result), result.photo, redacted(url)):
        assert "SECRET" not in text
        assert "me:" not in text


@pytest.mark.parametrize("name", ["a@b.jpg", "a:b.jpg", "http/a.jpg", "https.jpg", "d/u:p@h.jpg"])
def test_odd_names_are_paths(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(PNG)
    assert geonb.open_photo(name).name == name


@pytest.mark.parametrize("end", ["\\@good.test/x", "\\x", "/a\nb", "\t.good.test/", "/\x7f"])
def test_what_two_parsers_read_differently_is_refused(server, end):
    url = f"http://127.0.0.1:{server.server_port}{end}"
    with refused("http://….*expected a path, or an address"):
        urls.fetch(url, allow_private=True)
    assert server.seen == []


def test_addresses_that_differ_in_their_query_have_two_names(base):
    names = {geonb.open_photo(f"{base}/photo?id={i}", allow_private=True).name for i in (1, 2, 2)}
    assert len(names) == 2
    assert not any("id" in name for name in names)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:SECRET@a.test:8443/x/y.jpg#SECRET", "https://a.test:8443/x/y.jpg"),
        ("https://a.test/y.jpg?token=SECRET", "https://a.test/y.jpg?…"),
        ("  HTTP://a.test/x ", "http://a.test/x"),
        ("http://[broken?SECRET", "http://…"),
        ("data:image/png;base64,SECRET", "data:…"),
        ("photos/a?b#c.jpg", "photos/a?b#c.jpg"),
        ("C:/photos/a.jpg", "C:/photos/a.jpg"),
    ],
)
def test_what_is_shown_of_an_address(url, shown):
    assert redacted(url).startswith(shown)
    assert "SECRET" not in redacted(url)
    assert len(redacted(url)) <= len(shown) + 10


WORDS = st.text(st.characters(exclude_characters="/"))  # a path is shown


@given(WORDS, WORDS, WORDS, st.sampled_from(["https", "ftp", "x", ""]))
def test_no_address_shows_its_login_or_its_query(user, query, fragment, scheme):
    url = f"{scheme}://{user}S3CRET:S3CRET@a.test/b?{query}S3CRET#{fragment}S3CRET"
    assert "S3CRET" not in redacted(url)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://a.test/b.jpg", True), ("ftp://a.test/b", True), ("data:,x", True),
        ("http:/a.test/b.jpg", True), ("//me:pw@a.test/b", True),
        ("b.jpg", False), ("/tmp/b.jpg", False), ("//server/share/b.jpg", False),
        ("C:\\b.jpg", False), ("a:b.jpg", False), ("a@b.jpg", False),
    ],
)  # fmt: skip
def test_addresses_are_told_from_paths(text, is_one):
    assert is_address(text) == is_one


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://a.test/b", "a.test", 443),
        ("http://a.test/b", "a.test", 80),
        ("http://[::1]:8080/b", "::1", 8080),
    ],
)
def test_host_and_port(url, host, port):
    assert (host_of(parsed(url)), port_of(parsed(url))) == (host, port)


@pytest.mark.parametrize("text", ["b.jpg", "http://[1/b", "http://a.test\\@b.test/", "http://a\n/"])
def test_what_is_no_address_has_no_parts(text):
    assert parsed(text) is None
