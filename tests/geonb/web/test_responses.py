"""What a server sends: unpacked within bounds, and told in its own words without secrets."""

import time
import traceback
from email.utils import formatdate
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from geonb.errors import PhotoError
from geonb.photos import urls
from geonb.web.addresses import parsed
from geonb.web.responses import Response
from support.web import refused

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "zstd"])
def test_packings_of_packings_are_not_unpacked(base, packing):
    """Each packing multiplies by a thousand what one read gives."""
    with refused(f"packed as {packing}, which was not asked for"):
        urls.fetch(f"{base}/bomb?{quote(packing)}", allow_private=True)


def test_the_servers_own_words_are_told_without_what_is_secret(base):
    with refused("403 Forbidden: Please set a user-agent and respect our robot policy") as caught:
        urls.fetch(f"{base}/rules?token=s3cr3t-value", allow_private=True)
    assert "s3cr3t" not in str(caught.value)
    with refused("401 Unauthorized: Sign in; it asks for a login"):
        urls.fetch(f"{base}/signin", allow_private=True)


@pytest.mark.parametrize("path", ["wordy", "oddkind"])
def test_long_words_are_shortened(base, path):
    with refused(r"500 xxx|the server sent text/xxx") as caught:
        urls.fetch(f"{base}/{path}", allow_private=True)
    assert len(str(caught.value)) < 600


def test_a_long_pause_is_left_to_the_user(base):
    with refused(
        "503 Service Unavailable: Back on Monday; it asks for a pause of 7,200 s; try again"
    ):
        urls.fetch(f"{base}/overrun", allow_private=True)


def test_no_cause_of_an_error_holds_a_secret(server):
    """A notebook shows and saves the causes too."""
    for url in (
        "http://u:secret@[broken/",
        f"http://u:secret@127.0.0.1:{server.server_port}/short",
    ):
        with pytest.raises(PhotoError) as caught:
            urls.fetch(url + "?secret", allow_private=True)
        error = traceback.TracebackException.from_exception(caught.value)
        while error:
            assert "secret" not in str(error)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def pause_of(status, asked):
    """Seconds that a server asks for which sends this."""
    raw = SimpleNamespace(status=status, reason="", headers={"Retry-After": asked})
    return Response(raw, parsed("http://a.test/"), "http://a.test/", time.monotonic()).pause_s


@pytest.mark.parametrize(
    ("status", "asked", "pause"),
    [
        (429, "7", 7),
        (503, "Thu, 01 Jan 1970 00:00:00 GMT", 0),
        (429, "9" * 50, 999_999_999),
        (503, "soon", None),
        (503, "", None),
        (200, "7", None),
    ],
)
def test_the_pause_that_a_busy_server_asks_for(status, asked, pause):
    assert pause_of(status, asked) == pause


def test_a_pause_until_a_time_of_the_day():
    in_an_hour = formatdate(time.time() + 3600, usegmt=True)
    assert pause_of(503, in_an_hour) == pytest.approx(3600, abs=60)
