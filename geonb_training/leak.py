"""The leak, shown: one training twice, split by photo and by photographer, and what differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from geonb.shown.sheets import Sheet
from geonb_lab.evaluation.axes import OTHERS, OWN, arms, by_distance, new_axes
from geonb_lab.evaluation.scores import THRESHOLDS_KM
from geonb_lab.tabular import Tabular
from geonb_training.fitting import Fitting
from geonb_training.own_photos import train_photos
from geonb_training.scenes import write_scenes

if TYPE_CHECKING:
    import os

    from matplotlib.figure import Figure

    from geonb_lab.evaluation.accuracy import Evaluation
    from geonb_training.splits import By

_SPLITS = ("split by photo", "split by photographer")


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
        head = ["within", *_SPLITS, "constant guess", "flattered by"]
        rows = [
            [f"{km:g} km", *(f"{share:.1f}" for share in shares), f"{flattered:+.1f}"]
            for km, *shares, flattered in (row.values() for row in self.records())
        ]
        photos = f"{len(self.by_photo.km):,} and {len(self.by_photographer.km):,} test photos"
        note = (
            "Split by photo, the network has seen other photos by the people in the test; "
            "that makes it look better."
        )
        return Sheet(f"Percentage of {photos}: the same training twice", head, rows, [note])

    def records(self) -> list[dict[str, Any]]:
        """See `Tabular`."""
        names = ("within_km", "by_photo", "by_photographer", "constant_guess", "flattered_by")
        fair = self.by_photographer.scores
        shares = (self.by_photo.scores[0].shares, fair[0].shares, fair[-1].shares)
        rows = zip(THRESHOLDS_KM, *shares, strict=True)
        return [dict(zip(names, (*row, row[1] - row[2]), strict=True)) for row in rows]

    def figure(self) -> Figure:
        """What the split by photo claims, above what the split by photographer shows."""
        canvas, axes = new_axes(6.0)
        both = (self.by_photo, self.by_photographer)
        for evaluation, label, color in zip(both, _SPLITS, (OTHERS[0], OWN), strict=True):
            score = evaluation.scores[0]
            errors = arms(score.shares, score.intervals)
            axes.errorbar(
                THRESHOLDS_KM, score.shares, errors, fmt="o-", color=color, capsize=3, label=label
            )
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
        photos, target = folder / "photos", folder / f"by-{by}"
        trained = train_photos(photos, target, t1=t1, t2=t2, split=by, fitting=fitting)
        return trained.evaluation

    return Leak(train("photo"), train("photographer"))
