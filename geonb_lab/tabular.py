"""Results that are tables everywhere: text, HTML, Markdown, CSV, a data frame and a plot."""

from __future__ import annotations

import csv
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from geonb.errors import EvaluationError, printable
from geonb.shown.pictures import KINDS, Picture
from geonb.shown.sheets import Sheet, data_frame, flat
from geonb.writing import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ENDINGS = (".csv", ".md", ".txt", ".html", *(f".{kind}" for kind in KINDS))
_FORMULA = ("=", "+", "-", "@")


def write_csv(rows: Iterable[dict[str, Any]], file: TextIO) -> None:
    """Write rows with a header; text that a spreadsheet would run gets an apostrophe before it.

    A name may begin as a formula does, ``=cmd|…``, or break the line before one.
    """
    writer = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({key: _harmless(value) for key, value in row.items()})


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def fill(records: list[dict[str, Any]], *templates: str) -> list[list[str]]:
    """The rows of a sheet: templates such as ``{km:.1f} km``, filled in from each record."""
    return [[template.format_map(record) for template in templates] for record in records]


class Shown(ABC):
    """A result that is shown as a table."""

    @abstractmethod
    def sheet(self) -> Sheet:
        """The table as people read it."""

    def __repr__(self) -> str:
        return self.sheet().text()

    def _repr_html_(self) -> str:
        return self.sheet().html()


class Tabular(Shown):
    """A result that is shown as a table everywhere, and as a plot."""

    @abstractmethod
    def records(self) -> list[dict[str, Any]]:
        """The table as programs read it: one dict per row, nothing rounded."""

    @abstractmethod
    def figure(self) -> Figure:
        """The plot of the table, for you to draw more on."""

    @abstractmethod
    def in_words(self) -> str:
        """The plot in words, for people who can't see it."""

    def plot(self) -> Picture:
        """The plot as notebooks show it."""
        return Picture(self.figure, self.in_words())

    def to_markdown(self) -> str:
        """A Markdown table with its notes."""
        sheet = self.sheet()
        rule = [":--"] * sheet.words + ["--:"] * (len(sheet.head) - sheet.words)
        head, *rows = (
            [printable(flat(cell)).replace("|", "\\|") for cell in row]
            for row in (sheet.head, *sheet.rows)
        )
        lines = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
        notes = [f"- {printable(note)}" for note in sheet.notes]
        return "\n".join([printable(sheet.caption), "", *lines, "", *notes, ""])

    def to_csv(self) -> str:
        """The records as CSV with a header; see `write_csv`."""
        buffer = io.StringIO()
        write_csv(self.records(), buffer)
        return buffer.getvalue()

    def to_dataframe(self) -> Any:
        """The records as a pandas DataFrame."""
        return data_frame(self.records())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write .csv, .md, .txt, .html, or the plot as .png, .svg, .pdf.

        Raises `EvaluationError` for another ending.
        """
        kind = check_ending(path)
        writers: dict[str, Callable[[], str]] = {
            ".csv": self.to_csv,
            ".md": self.to_markdown,
            ".txt": lambda: f"{self!r}\n",
            ".html": lambda: f"<!doctype html><meta charset='utf-8'>{self._repr_html_()}\n",
        }
        with replacing(path) as temporary:
            if kind in writers:
                temporary.write_text(writers[kind](), encoding="utf-8")
            else:
                temporary.write_bytes(self.plot().image(kind[1:]))


def check_ending(path: str | os.PathLike[str], known: Iterable[str] = _ENDINGS) -> str:
    """The ending of a file, one of those ``known`` to `Tabular.save`. Raises `EvaluationError`."""
    kind, endings = Path(path).suffix.lower(), tuple(known)
    if kind not in endings:
        raise EvaluationError(
            f"{path}: a result is saved as {', '.join(endings)}, not {kind or 'without an ending'}"
        )
    return kind
