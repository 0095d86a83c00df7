"""Photos by address: fetched from the web, and refused from inside."""

import base64
import socket
import time
from contextlib import contextmanager

import pytest

import geonb
from geonb.photos import urls
from geonb.web.addresses import parsed, redacted
from support.web import PNG, refused

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


@pytest.mark.parametrize("path", ["photo", "nokind", "zipped", "hops/4", "photo?token=secret#x"])
def test_a_photo_is_fetched(base, path):
    photo = geonb.open_photo(f"{base}/{path}", allow_private=True)
    assert photo.source == PNG
    assert photo.size == (96, 64)
    assert "secret" not in repr(photo)


def test_names_and_errors_hold_no_secrets(server):
    address = f"http://user:key@127.0.0.1:{server.server_port}"
    with refused("404") as caught:
        urls.fetch(f"{address}/missing?token=key", allow_private=True)
    assert "key" not in str(caught.value)
    assert redacted("http://[broken?key") == "http://…"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing", "answered 404 Not Found; check the link"),
        ("login", "text/html .*expected a picture"),
        ("forbidden", "403 Forbidden; it refuses this request"),
        ("hops/5", "more than 5 redirects"),
        ("away", r"expected a path, or an address with http:// or https://"),
        ("short", "cannot fetch it"),
    ],
)
def test_what_comes_instead_is_named(base, path, words):
    with refused(words):
        urls.fetch(f"{base}/{path}", allow_private=True)


def test_a_picture_that_is_called_a_text_is_known_by_its_bytes(base):
    """As servers do that have not heard of AVIF."""
    assert geonb.open_photo(f"{base}/astext", allow_private=True).size == (96, 64)


@pytest.mark.parametrize("blanks", ["{} ", "\n{}", "\u00a0 {}\t\n"])
def test_blanks_around_an_address_do_not_count(base, blanks):
    url = f"{base}/photo"
    photo = geonb.open_photo(blanks.format(url), allow_private=True)
    assert photo.name == url


def test_a_photo_as_an_address_of_its_own_is_not_echoed():
    text = "data:image/png;base64," + base64.b64encode(bytes(3_000_000)).decode()
    with refused("^data address: this is zeros") as caught:
        geonb.open_photo(text).image()
    assert len(str(caught.value)) < 200


def test_stand_ins_of_a_proxy_program_are_told_and_allowed(monkeypatch):
    """Clash and its like answer 198.18.x.y for every name; a redirect leads to another of them."""
    first, second = (parsed(f"https://{name}.test/") for name in ("first", "second"))
    table = {"first": ["198.18.0.4"], "second": ["198.19.7.7"], "inside": ["10.0.0.7"]}
    with names(monkeypatch, **table):
        with refused("198.18.0.4, which a proxy program such as Clash .*allow_private"):
            urls.Guard(allow_private=False).check(first, "x", None)
        guard = urls.Guard(allow_private=True)
        assert guard.check(first, "x", None) == ["198.18.0.4"]
        assert guard.check(second, "x", None) == ["198.19.7.7"]
        with refused("private network"):
            guard.check(parsed("https://inside.test/"), "x", None)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a.jpg",
        "file:///etc/passwd",
        "http://",
        "gopher://x",
        "http://[1/a",
        "://x",
    ],
)
def test_other_addresses_are_refused(url):
    with refused("expected a path|cannot fetch it"):
        geonb.open_photo(url)


def test_too_large_is_noticed_while_reading(base, monkeypatch):
    monkeypatch.setattr(urls, "MAX_BYTES", 1_000_000)
    with refused("larger than 1 MB"):
        urls.fetch(f"{base}/large", allow_private=True)


@pytest.mark.parametrize("path", ["dripping", "drippinghead"])
def test_a_server_that_drips_is_cut_off(base, monkeypatch, path):
    monkeypatch.setattr(urls, "TOTAL_S", 0.5)
    start = time.monotonic()
    with refused("it took too long"):
        urls.fetch(f"{base}/{path}", allow_private=True)
    assert time.monotonic() - start < 20, "it was read to its end"


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with refused("cannot fetch it"):
        urls.fetch(f"http://127.0.0.1:{port}/", allow_private=True)
    with refused("no server has the name 'nowhere.invalid'"):
        urls.fetch("https://nowhere.invalid/a.jpg")


PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
    "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
    "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::",
    "64:ff9b::169.254.169.254", "fe80::1%eth0", "192.0.0.192", "fec0::1", "::127.0.0.1",
    "::ffff:0:127.0.0.1", "64:ff9b:1::1", "3fff::1", "5f00::1", "2002:a9fe:a9fe::",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_inside_are_not_public(address):
    assert not urls.is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2600:9000::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_addresses_outside_are_public(address):
    assert urls.is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]"])
def test_this_machine_is_refused_by_any_name(server, host):
    with refused("private network or on this machine.*allow_private"):
        urls.fetch(f"http://{host}:{server.server_port}/photo")
    assert server.seen == []


@contextmanager
def names(monkeypatch, **table):
    """Answer for the names in ``table``, each time with the next of its urls."""
    asked, real = [], socket.getaddrinfo

    def getaddrinfo(host, port, *args, **kwargs):
        if host.split(".")[0] not in table:
            return real(host, port, *args, **kwargs)
        asked.append(host)
        found = table[host.split(".")[0]]
        now = found.pop(0) if isinstance(found[0], list) else found
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in now]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        yield asked


def test_a_name_that_points_inside_is_refused(monkeypatch):
    with names(monkeypatch, inside=["10.0.0.7"]), refused("private network"):
        urls.fetch("http://inside.test/latest/meta-data")
    with names(monkeypatch, both=["8.8.8.8", "169.254.169.254"]), refused("private network"):
        urls.fetch("http://both.test/latest/meta-data")


def test_a_redirect_inside_is_refused(server, monkeypatch):
    """The first hop counts as public here; the second is judged as ever."""
    real = urls.is_public
    monkeypatch.setattr(urls, "is_public", lambda ip: ip == "127.0.0.1" or real(ip))
    with (
        names(monkeypatch, outside=["127.0.0.1"], inside=["127.0.0.2"]),
        refused("private network"),
    ):
        urls.fetch(f"http://outside.test:{server.server_port}/inward")
    assert [path for path, _ in server.seen] == ["/inward"]


def test_allow_private_covers_what_was_typed_and_no_redirect(server, monkeypatch):
    address = f"http://127.0.0.1:{server.server_port}"
    with names(monkeypatch, inside=["169.254.169.254"]):
        with refused(
            r"/inward\?…[0-9a-f]{10} \(redirected to http://inside.test.*private network"
        ) as caught:
            urls.fetch(f"{address}/inward?token=secret", allow_private=True)
        assert "secret" not in str(caught.value)
    with names(monkeypatch, inside=[["127.0.0.1"], ["127.0.0.3"]]), refused("private network"):
        urls.fetch(f"http://inside.test:{server.server_port}/inward", allow_private=True)
    assert [path for path, _ in server.seen] == ["/inward?token=secret", "/inward"]


def test_a_name_is_asked_for_once_and_the_checked_address_is_used(server, monkeypatch):
    """DNS rebinding: a second answer that points elsewhere would never be seen."""
    monkeypatch.setattr(urls, "is_public", lambda ip: ip == "127.0.0.1")
    answers = [["127.0.0.1"], ["10.0.0.1"], ["10.0.0.1"]]
    with names(monkeypatch, rebinding=answers) as asked:
        assert urls.fetch(f"http://rebinding.test:{server.server_port}/photo") == PNG
    assert asked == ["rebinding.test"]
    assert server.seen == [("/photo", f"rebinding.test:{server.server_port}")]


def test_command_line_flag(base, tmp_path):
    from click.testing import CliRunner

    from geonb.__main__ import main

    run = CliRunner().invoke(main, ["locate", "--model", "mini", f"{base}/photo"])
    assert run.exit_code == 2
    assert "--allow-private" in run.output
    run = CliRunner().invoke(
        main, ["locate", "--model", "mini", "--allow-private", "--json", f"{base}/photo"]
    )
    assert run.exit_code == 0
    assert '"country"' in run.output
