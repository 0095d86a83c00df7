"""The one family of errors: each says what happened, with which input, and what to do next."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

_MOST = 2000
"""Characters of an error: all addresses of a model's files fit in, a photo as text doesn't."""
_ADDRESS = re.compile(r"(\w://)(?:[^\s/?#]*@)?([^\s?#]*)(?:([?#])(?!…)\S+)?")
"""An address, with its login and query: `web.addresses.redacted` has left none in a name."""


def printable(text: str) -> str:
    """Text on one line: a file name may hold line breaks or codes that move a cursor."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shortened(text: str, most: int) -> str:
    """At most so many characters of a text; what is left out of its middle is told."""
    if len(text) <= most:
        return text
    gap = f"… ({len(text):,} characters) …"
    kept = max(most - len(gap), 2)
    return f"{text[: kept - kept // 3]}{gap}{text[len(text) - kept // 3 :]}"


class GeonbError(Exception):
    """Any failure that comes from the input, or from the outside world; its text is one line.

    What others wrote may be in it: it ends after some thousand characters, and holds no login
    or query of an address.
    """

    def __init__(self, text: str) -> None:
        text = _ADDRESS.sub(lambda a: f"{a[1]}{a[2]}{a[3] + '…' if a[3] else ''}", text)
        super().__init__(printable(shortened(text, _MOST)))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the one line that helps."""
        return [f"{type(self).__name__}: {self}"]


class PhotoError(GeonbError):
    """A photo cannot be found, fetched or read."""


class ModelError(GeonbError):
    """A model is unknown, or its parts do not belong together."""


class CheckpointError(ModelError):
    """A checkpoint's files are missing, broken, or hold a network that is not supported."""


class CellsError(ModelError):
    """A cell list cannot be read, or does not describe cells."""


class FetchError(ModelError):
    """A model's files cannot be fetched, or are not the ones that were promised."""


class PlaceError(GeonbError, ValueError):
    """A coordinate is not a place on Earth."""


class EvaluationError(GeonbError, ValueError):
    """Predictions and true places do not fit together, or a test set cannot be read."""


class TrainingError(GeonbError, ValueError):
    """A training cannot be done as asked, or with these photos."""


class OutputError(GeonbError, OSError):
    """A file cannot be written."""


class MapError(GeonbError):
    """A map cannot be drawn as asked."""


class PictureError(GeonbError):
    """A picture cannot be written as asked."""


class MissingDependencyError(GeonbError, ImportError):
    """An optional package is needed; the text ends with the command that installs it."""

    def __init__(self, purpose: str, package: str, extra: str = "") -> None:
        what = f'"geonb[{extra}]"' if extra else package
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed; "
            f"install it with: pip install {what}"
        )


@contextmanager
def needing(purpose: str, package: str, extra: str = "") -> Iterator[None]:
    """Import an optional package in this block. Raises `MissingDependencyError` without it."""
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(purpose, package, extra) from error
