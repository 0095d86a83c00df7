"""What is secret in an address is in no result: not in tables, pages, texts or messages."""

import pytest

import geonb
import geonb_lab
from geonb.errors import GeonbError
from geonb_lab.many.results import name_of
from support.command import run_geonb

SECRETS = ("SECRET", "SIGNATURE")


@pytest.fixture(scope="module")
def tiny():
    return geonb.load_model("mini")


@pytest.fixture
def addresses(base):
    """A photo, one that is missing, and one that can't be asked for; with secrets in each."""
    server = base.replace("//", "//me:SECRET@")
    return [f"{server}/{name}?sig=SIGNATURE" for name in ("photo", "missing", "short")]


def test_in_results(addresses, tiny):
    results = list(geonb_lab.predict_many(tiny, addresses, progress=False))
    text = repr(results) + "".join(str(result.error) for result in results)
    assert "/missing" in text
    assert not any(secret in text for secret in SECRETS)


@pytest.mark.parametrize("options", [("--out", "table.csv"), ("--out", "x.geojson"), ("--json",)])
def test_in_tables_and_pages(addresses, tmp_path, options):
    listed = tmp_path / "photos.txt"
    listed.write_text("\n".join(addresses))
    run = run_geonb(
        *("locate", "--model", "mini", "--allow-private", listed.name, *options),
        *(() if "--json" in options else ("--page", "page.html")),
        cwd=tmp_path,
    )
    made = [path for path in tmp_path.rglob("*") if path.is_file() and path != listed]
    texts = [run.stdout, run.stderr, *(path.read_text(errors="replace") for path in made)]
    assert any("/missing" in text for text in texts)
    assert not [text[:300] for text in texts for secret in SECRETS if secret in text]


def test_two_photos_of_one_server_are_two_rows(base, tiny):
    urls = [f"{base}/photo?id={i}" for i in range(2)]
    first, second = geonb_lab.predict_many(tiny, urls, progress=False)
    assert first.photo != second.photo


def test_messages_are_short_and_hold_no_login_or_query():
    for text in ("x" * 100_000, "\x00" * 100_000):
        assert len(str(GeonbError(text))) < 9_000
    for text in (
        "row 3: 'https://me:a@SECRET@x.org/a.jpg?k=SIGNATURE#x, 1'",
        "x://SECRET@y?SIGNATURE",
    ):
        told = str(GeonbError(text))
        assert not any(secret in told for secret in SECRETS), told
        assert "://" in told


def test_photos_of_one_server_have_names_of_their_own():
    """Of 20,000 names with six digits, 16 were another photo's, which a resumed run left out."""
    assert len({name_of(f"https://a.org/photo.php?id={i}") for i in range(20_000)}) == 20_000
