"""Predictions as a table: plain text for terminals, escaped HTML for notebooks."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from geonb.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geonb.predictions import Predictions

_HEAD = ("rank", "probability", "latitude", "longitude")


def rows(predictions: Predictions) -> tuple[list[str], list[list[str]]]:
    """The table's head and rows, as they are shown."""
    head = list(_HEAD)
    body = [
        [str(p.rank), f"{p.probability:.6f}", f"{p.place[0]:.5f}", f"{p.place[1]:.5f}"]
        for p in predictions
    ]
    if predictions.distances is not None:
        head.append("km to truth")
        for row, km in zip(body, predictions.distances, strict=True):
            row.append(f"{km:,.1f}")
    head.append("nearest town")
    for row, p in zip(body, predictions, strict=True):
        row.append(str(p.town))
    return head, body


def caption(predictions: Predictions) -> str:
    """What the predictions are for, and what made them."""
    return f"photo {predictions.photo.name}, model {predictions.model}, engine {predictions.engine}"


def text_table(predictions: Predictions) -> str:
    """Plain text, columns aligned."""
    head, body = rows(predictions)
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))

    lines = [printable(caption(predictions)), line(head), *map(line, body)]
    lines += [predictions.summary] if predictions.summary else []
    return "\n".join([*lines, f"Note: {predictions.note}."] if predictions.note else lines)


def html_table(predictions: Predictions) -> str:
    """An HTML table with its style; all that comes from the user is escaped."""
    head, body = rows(predictions)
    cells = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in body)
    note = f"<p class='geonb-note'>{escape(predictions.note)}.</p>" if predictions.note else ""
    summary = f"<p>{escape(predictions.summary)}</p>" if predictions.summary else ""
    return (
        f"<style>{style()}</style><div class='geonb'><table class='geonb-table'>"
        f"<caption>{escape(caption(predictions))}</caption>"
        f"<thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>{summary}{note}</div>"
    )


@cache
def style() -> str:
    """The style sheet of everything that geonb shows."""
    return files("geonb").joinpath("data", "geonb.css").read_text(encoding="utf-8")
