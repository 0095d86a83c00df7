"""Every error of ours: one line, short, without secrets, and with the command that helps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geonb import errors
from geonb.errors import GeonbError, MissingDependencyError, needing, printable, shortened


@given(st.text())
def test_an_error_is_one_line_that_moves_no_cursor(text):
    said = str(GeonbError(text))
    assert len(said.splitlines()) <= 1
    assert said.isprintable()


def test_an_address_in_an_error_shows_no_login_and_no_query():
    text = "cannot fetch https://me:SECRET@a.test/x?token=SECRET#SECRET now"
    assert str(GeonbError(text)) == "cannot fetch https://a.test/x?… now"
    shown = "https://a.test/x?…0123456789: 404 Not Found"  # as it is shown to begin with
    assert str(GeonbError(shown)) == shown


@given(st.text(st.characters(exclude_characters="…"), min_size=100), st.integers(50, 99))
def test_a_long_text_keeps_its_beginning_and_its_end(text, most):
    found = shortened(text, most)
    assert len(found) <= most
    start, gap, end = found.split("…")
    assert text.startswith(start)
    assert text.endswith(end)
    assert gap == f" ({len(text):,} characters) "
    assert shortened(text, len(text)) == text


def test_what_others_wrote_fills_no_screen():
    said = str(GeonbError(f"a.jpg: {'x' * 10**6}; choose another"))
    assert len(said) < 2100
    assert said.startswith("a.jpg: xxx")
    assert said.endswith("xxx; choose another")
    assert "(1,000,023 characters)" in said


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.PlaceError, ValueError),
        (errors.EvaluationError, ValueError),
        (errors.TrainingError, ValueError),
        (errors.OutputError, OSError),
        (errors.MissingDependencyError, ImportError),
    ],
)
def test_code_that_knows_only_pythons_errors_catches_ours(kind, builtin):
    assert issubclass(kind, builtin)
    assert issubclass(kind, GeonbError)


@pytest.mark.parametrize(
    ("extra", "command"),
    [("", "pip install nothing_here"), ("maps", 'pip install "geonb[maps]"')],
)
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(extra, command):
    with (
        pytest.raises(MissingDependencyError) as caught,
        needing("a map", "nothing_here", extra),
    ):
        import nothing_here  # noqa: F401
    assert str(caught.value) == (
        f"a map needs the package nothing_here, which is not installed; install it with: {command}"
    )


def test_other_errors_of_an_import_stay_what_they_are():
    with pytest.raises(ZeroDivisionError), needing("a map", "x"):
        1 / 0  # noqa: B018


def test_printable_text_stays_readable():
    assert printable("Zürich, 東京") == "Zürich, 東京"
    assert printable("a\tb\u202e\x1b[2J") == r"a\tb\u202e\x1b[2J"
