"""A head that was fitted, what it knows each place by, and how far to believe it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.shown.sheets import Sheet
from geonb_lab.evaluation.axes import CONSTANT, OWN, arms, new_axes
from geonb_lab.evaluation.comparisons import compare
from geonb_lab.evaluation.scores import COLUMNS, THRESHOLDS_KM, measure
from geonb_lab.tabular import Tabular

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from geonb.distances import Place
    from geonb_lab.evaluation.accuracy import Evaluation
    from geonb_lab.evaluation.scores import Score

_NEAR_KM = 25.0  # the distance of the learning curve
_COLUMN = THRESHOLDS_KM.index(_NEAR_KM)
_FEW_PHOTOS, _FEW_TESTS = 10, 50


@dataclass(frozen=True)
class CellCount:
    """What a head knows a cell by.

    Attributes:
        token: The cell's S2 token.
        place: The centre of its training photos, (latitude, longitude) in degrees.
        photos: How many training photos lie in it.
        photographers: How many people took them.
    """

    token: str
    place: Place
    photos: int
    photographers: int


@dataclass(frozen=True, eq=False, repr=False)
class Head(Tabular):
    """A head that was fitted, and how far to believe it: a table wherever it is shown.

    Attributes:
        folder: What `load_model` opens.
        evaluation: Accuracy on photos by people whose photos it never saw; None if there are
            fewer than two photographers, because any number would flatter it.
        backbone: The same of the model that it stands on; None likewise.
        curve: (photos, score) for heads fitted on 25, 50, 100 … of the training photos.
        cells: What each cell is known by.
        counts: Photos and what became of them, photographers, cells.
        doubts: Reasons not to believe it, a sentence each.
        strength: The penalty on its weights, chosen on the validation photos.
        temperature: What its answers were divided by, fitted on the validation photos.
    """

    folder: Path
    evaluation: Evaluation | None
    backbone: Evaluation | None
    curve: tuple[tuple[int, Score], ...]
    cells: tuple[CellCount, ...]
    counts: Mapping[str, int]
    doubts: tuple[str, ...]
    strength: float
    temperature: float

    @property
    def _scores(self) -> list[Score]:
        if self.evaluation is None or self.backbone is None:
            return []
        return [
            replace(self.evaluation.scores[0], system="this head"),
            replace(self.backbone.scores[0], system=f"{self.backbone.name} itself"),
            replace(self.evaluation.scores[-1], system="constant guess"),
        ]

    def sheet(self) -> Sheet:
        """See `Tabular`."""
        photos = self.counts["photos held out for the test"]
        caption = (
            f"Per cent of {photos:,} held-out photos within each distance, and its 95% interval"
        )
        counted = ", ".join(f"{count:,} {what}" for what, count in self.counts.items() if count)
        notes = [*self.doubts, f"{counted}.", f"The model is in {self.folder}."]
        return Sheet(caption, COLUMNS, [one.row() for one in self._scores], notes, words=2)

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        return [one.record() for one in self._scores]

    def figure(self) -> Figure:
        """The learning curve: the share within 25 km by the number of training photos."""
        canvas, axes = new_axes(6.0)
        if self.evaluation:
            photos = [count for count, _ in self.curve]
            share = [one.shares[_COLUMN] for _, one in self.curve]
            errors = arms(share, [one.intervals[_COLUMN] for _, one in self.curve])
            axes.errorbar(photos, share, errors, fmt="o-", color=OWN, capsize=3, label="this head")
            constant = self.evaluation.scores[-1].shares[_COLUMN]
            axes.axhline(constant, ls="--", color=CONSTANT, label="constant guess")
            axes.set(xscale="log", ylim=(-3, 103))
            axes.set_xticks(photos, [f"{count:,}" for count in photos])
            axes.minorticks_off()
            axes.legend(fontsize=8, loc="upper left")
        axes.set(xlabel="training photos", ylabel=f"held-out photos within {_NEAR_KM:g} km (%)")
        return canvas

    def in_words(self) -> str:
        """See `Tabular`."""
        points = (f"{one.shares[_COLUMN]:.0f} with {count:,}" for count, one in self.curve)
        return (
            f"Per cent of held-out photos within {_NEAR_KM:g} km by training photos: "
            f"{', '.join(points) or 'not measured'}."
        )


def doubts(
    cells: Sequence[CellCount],
    people: int,
    evaluation: Evaluation | None,
    backbone: Evaluation | None,
) -> tuple[str, ...]:
    """Why not to believe a head, a sentence each; ``people`` took its photos."""
    sparse = sum(cell.photos < _FEW_PHOTOS for cell in cells)
    alone = sum(cell.photographers < 2 for cell in cells)
    told = []
    if sparse:
        told.append(
            f"{sparse} of {len(cells)} cells have fewer than {_FEW_PHOTOS} training photos."
        )
    if alone:
        told.append(
            f"{alone} of {len(cells)} cells are known by one photographer only: the head may "
            "have learned the person rather than the place."
        )
    if evaluation is None or backbone is None:
        flattery = (
            "No accuracy is given: all photos are by one photographer, and on the same person's "
            "photos any head looks good. Put each person's photos in a folder of their own."
        )
        return flattery, *told
    tests = len(evaluation.km)
    if tests < _FEW_TESTS:
        told.append(f"It was tested on {tests} photos only; the intervals say how little that is.")
    if people < 3:
        told.append("With two photographers, validation used photos by the one who trained it.")
    constant_km = measure(np.array(evaluation.constant)[None, None], evaluation.truth)[:, 0]
    for other in (
        replace(backbone, name=f"{backbone.name} itself"),
        replace(backbone, name="the constant guess", km=constant_km),
    ):
        rows = compare(evaluation, other).rows
        if not any(row.differs and row.difference > 0 for row in rows):
            told.append(f"It is not better than {other.name} by more than luck may explain.")
        if worse := [f"{r.threshold_km:g}" for r in rows if r.differs and r.difference < 0]:
            told.append(f"It is worse than {other.name} within {', '.join(worse)} km.")
    return tuple(told)
