"""The leak, shown: one training twice, split by photo and by photographer, and what differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geonb.shown.sheets import Sheet, Tabular
from geonb_lab.evaluation.axes import OTHERS, OWN, arms, by_distance, new_axes
from geonb_lab.evaluation.published import THRESHOLDS_KM
from geonb_training.fitting import Fitting
from geonb_training.own_photos import train_photos
from geonb_training.scenes import write_scenes

if TYPE_CHECKING:
    import os

    from matplotlib.figure import Figure

    from geonb_lab.evaluation.accuracy import Evaluation
    from geonb_training.splits import By


@dataclass(frozen=True, eq=False, repr=False)
class Leak(Tabular):
    """The same photos and the same network, tested fairly and not: a table wherever it is shown.

    Attributes:
        by_photo: Accuracy when the same people took the training photos and the test photos.
        by_photographer: Accuracy on photos by people whom the training never saw.
    """

    by_photo: Evaluation
    by_photographer: Evaluation

    def sheet(self) -> Sheet:
        """See `Tabular`."""
        rows = [
            [f"{row['within_km']:g} km", *(f"{row[key]:.1f}" for key in list(row)[1:4]),
             f"{row['flattered_by']:+.1f}"]
            for row in self.records()
        ]  # fmt: skip
        head = [
            "within",
            "split by photo",
            "split by photographer",
            "constant guess",
            "flattered by",
        ]
        photos = (len(self.by_photo.km), len(self.by_photographer.km))
        caption = (
            f"Percentage of {photos[0]:,} and {photos[1]:,} test photos: the same training twice"
        )
        note = (
            "Split by photo, the network has seen other photos by the people in the test; "
            "that makes it look better."
        )
        return Sheet(caption, head, rows, [note])

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        leaky, fair = self.by_photo.scores[0].within, self.by_photographer.scores[0].within
        constant = self.by_photographer.scores[-1].within
        return [
            {
                "within_km": km,
                "by_photo": a,
                "by_photographer": b,
                "constant_guess": c,
                "flattered_by": a - b,
            }
            for km, a, b, c in zip(THRESHOLDS_KM, leaky, fair, constant, strict=True)
        ]

    def figure(self) -> Figure:
        """What the split by photo claims, above what the split by photographer shows."""
        canvas, axes = new_axes(6.0)
        for evaluation, label, colour in (
            (self.by_photo, "split by photo", OTHERS[0]),
            (self.by_photographer, "split by photographer", OWN),
        ):
            score = evaluation.scores[0]
            errors = arms(score.within, score.intervals)
            axes.errorbar(
                THRESHOLDS_KM, score.within, errors,
                fmt="o-", color=colour, capsize=3, label=label,
            )  # fmt: skip
        by_distance(axes)
        axes.legend(fontsize=8, loc="upper left")
        return canvas

    def in_words(self) -> str:
        """See `Tabular`."""
        rows = (
            f"{row['by_photo']:.1f} and {row['by_photographer']:.1f} within {row['within_km']:g} km"
            for row in self.records()
        )
        return f"Per cent right split by photo and split by photographer: {', '.join(rows)}."


def measure_leak(
    folder: str | os.PathLike[str],
    *,
    scenes: int = 2400,
    people: int = 60,
    t1: int = 60,
    t2: int = 5,
    fitting: Fitting | None = None,
) -> Leak:
    """Train twice on ``scenes`` by so many ``people``, written to ``folder`` as photos.

    The two trainings differ in the split only. Raises `TrainingError`, and
    `MissingDependencyError` without a trainer (see `train_photos`).
    """
    folder = Path(folder)
    write_scenes(folder / "photos", scenes, people)
    fitting = fitting or Fitting(epochs=8)

    def train(by: By) -> Evaluation:
        click.echo(f"split by {by}")
        target = folder / f"by-{by}"
        return train_photos(
            folder / "photos", target, t1=t1, t2=t2, split=by, fitting=fitting
        ).evaluation

    return Leak(train("photo"), train("photographer"))
