"""Results as tables: text, HTML, Markdown, CSV and data frames from one record."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geonb.errors import EvaluationError, needing, printable
from geonb.shown.pictures import KINDS, Picture, styled
from geonb.writing import replacing

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.figure import Figure

_PICTURES = tuple(f".{kind}" for kind in KINDS)
_TEXTS = (".csv", ".md", ".txt", ".html")
Cell = str | tuple[str, str]
"""What stands in a cell, or that and what stands beside it, smaller."""


@dataclass(frozen=True)
class Sheet:
    """A table as people read it.

    Attributes:
        caption: What the table shows.
        head: The names of its columns.
        rows: The columns on the left are words, the others are numbers.
        notes: Sentences below the table; without them the numbers would mislead.
        words: How many columns are words.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str]
    words: int = 1

    def text(self) -> str:
        """Plain text, columns aligned."""
        lines = [[printable(_flat(cell)) for cell in row] for row in (self.head, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        body = []
        for row in lines:
            left = map(str.ljust, row[: self.words], widths)
            right = map(str.rjust, row[self.words :], widths[self.words :])
            body.append("  ".join([*left, *right]).rstrip())
        return "\n".join([printable(self.caption), *body, *map(printable, self.notes)])

    def html(self) -> str:
        """An HTML table with its style, all of it escaped."""
        kinds = [" class='geonb-word'"] * self.words + [""] * (len(self.head) - self.words)
        head = "".join(
            f"<th scope='col'{kind}>{escape(name)}</th>"
            for kind, name in zip(kinds, self.head, strict=True)
        )
        rows = ""
        for first, *rest in self.rows:
            cells = zip(kinds[1:], map(_small, rest), strict=True)
            rows += f"<tr><th scope='row'{kinds[0]}>{_small(first)}</th>"
            rows += f"{''.join(f'<td{kind}>{cell}</td>' for kind, cell in cells)}</tr>"
        notes = "".join(f"<p class='geonb-note'>{escape(note)}</p>" for note in self.notes)
        return styled(
            f"<table class='geonb-table'><caption>{escape(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{notes}"
        )

    def markdown(self) -> str:
        """A Markdown table with its notes as a list."""
        rule = [":--"] * self.words + ["--:"] * (len(self.head) - self.words)
        lines = [f"| {' | '.join(map(_cell, row))} |" for row in (self.head, rule, *self.rows)]
        notes = [f"- {printable(note)}" for note in self.notes]
        return "\n".join([printable(self.caption), "", *lines, "", *notes, ""])


def _flat(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell[0]} ({cell[1]})"


def _small(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    return f"{escape(cell[0])} <small>{escape(cell[1])}</small>"


def _cell(cell: Cell) -> str:
    return printable(_flat(cell)).replace("|", "\\|")


def harmless(value: Any) -> Any:
    """A file may be called ``=cmd|…``; spreadsheets take what begins so for a formula."""
    formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if formula else value


class Tabular(ABC):
    """A result that is shown as a table everywhere."""

    @abstractmethod
    def sheet(self) -> Sheet:
        """The table as people read it."""

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

    def __repr__(self) -> str:
        return self.sheet().text()

    def _repr_html_(self) -> str:
        return self.sheet().html()

    def to_markdown(self) -> str:
        """A Markdown table with its notes."""
        return self.sheet().markdown()

    def to_csv(self) -> str:
        """The records as CSV with a header.

        A text that a spreadsheet would run as a formula gets an apostrophe before it.
        """
        records = [
            {key: harmless(printable(x) if isinstance(x, str) else x) for key, x in row.items()}
            for row in self.records()
        ]
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        return buffer.getvalue()

    def to_dataframe(self) -> Any:
        """The records as a pandas DataFrame."""
        return data_frame(self.records())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write .csv, .md, .txt, .html, or the plot as .png, .svg, .pdf.

        Raises `EvaluationError` for another ending.
        """
        kind = check_ending(path)
        with replacing(path) as temporary:
            if kind in _PICTURES:
                temporary.write_bytes(self.plot().image(kind[1:]))
            else:
                temporary.write_text(self._written(kind), encoding="utf-8")

    def _written(self, kind: str) -> str:
        match kind:
            case ".csv":
                return self.to_csv()
            case ".md":
                return self.to_markdown()
            case ".html":
                return f"<!doctype html><meta charset='utf-8'>{self._repr_html_()}\n"
        return f"{self!r}\n"


def check_ending(path: str | os.PathLike[str]) -> str:
    """The ending of a file that `Tabular.save` can write. Raises `EvaluationError`."""
    kind = Path(path).suffix.lower()
    if kind not in _PICTURES + _TEXTS:
        raise EvaluationError(
            f"{path}: a result is saved as {', '.join(_TEXTS + _PICTURES)}, "
            f"not {kind or 'without an ending'}"
        )
    return kind


def percent(share: float) -> str:
    """A share from 0 to 1 as people read it: 14%, <1%."""
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def data_frame(records: list[dict[str, Any]]) -> Any:
    """A pandas DataFrame of the records. Raises `MissingDependencyError`."""
    with needing("a data frame", "pandas", "table"):
        import pandas as pd
    return pd.DataFrame(records)
