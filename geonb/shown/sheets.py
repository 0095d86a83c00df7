"""Tables as people read them: plain text and HTML from one record."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from geonb.errors import needing, printable

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
        lines = [[printable(flat(cell)) for cell in row] for row in (self.head, *self.rows)]
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
        from geonb.shown.pictures import styled

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


def flat(cell: Cell) -> str:
    """A cell as plain text."""
    return cell if isinstance(cell, str) else f"{cell[0]} ({cell[1]})"


def _small(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    return f"{escape(cell[0])} <small>{escape(cell[1])}</small>"


def percent(share: float) -> str:
    """A share from 0 to 1 as people read it: 14%, <1%."""
    return "<1%" if 0 < share <= 0.005 else f"{share:.0%}"


def data_frame(records: list[dict[str, Any]]) -> Any:
    """A pandas DataFrame of the records. Raises `MissingDependencyError`."""
    with needing("a data frame", "pandas", "table"):
        import pandas as pd
    return pd.DataFrame(records)
