"""How scores are written down: columns, rows, and the sentences below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from geonb.evaluation.published_rows import THRESHOLDS_KM
from geonb.shown.sheets import Sheet

if TYPE_CHECKING:
    from geonb.evaluation.accuracy import Evaluation
    from geonb.evaluation.scores import Score


def evaluation_sheet(evaluation: Evaluation) -> Sheet:
    """The table of an evaluation, with all that has to be said below it."""
    own = evaluation.scores[0].test_set
    scores = (*evaluation.scores, *evaluation.published)
    head = ["system", "test set", "photos", *(f"{km:g} km" for km in THRESHOLDS_KM)]
    rows = [row for score in scores for row in _rows(score)]
    caption = f"Per cent of photos within each distance, and its 95 % interval (test set: {own})"
    head += ["median km", "OSV-5M score"]
    return Sheet(caption, head, rows, _notes(evaluation), words=2)


def _rows(score: Score) -> tuple[list[str], list[str]]:
    """The percentages, and their intervals below them."""
    tail = ["", ""] if score.median_km is None else [_km(score.median_km), f"{score.osv5m:,.0f}"]
    shares = [f"{share:.1f}" for share in score.within]
    intervals = [f"{low:.1f}-{high:.1f}" for low, high in score.intervals]
    return (
        [score.system, score.test_set, f"{score.photos:,}", *shares, *tail],
        ["  95 %", "", "", *intervals, "", ""],
    )


def _km(km: float) -> str:
    return f"{km:,.1f}" if math.isfinite(km) else "none"


def _notes(evaluation: Evaluation) -> list[str]:
    photos, missing = len(evaluation.km), evaluation.without_prediction
    lat, lng = evaluation.constant
    whose = "the given one" if evaluation.constant_given else "their own most frequent place"
    notes = [
        f"{missing:,} of {photos:,} photos have no prediction; they count as wrong.",
        f"The constant guess answers ({lat:.2f}, {lng:.2f}) to all photos: {whose}.",
    ]
    if evaluation.without_truth:
        notes.append(f"{evaluation.without_truth:,} photos without a true place are left out.")
    if len(evaluation.scores) > 2:
        notes.append("The best of several guesses is picked by the truth; no user can do that.")
    sources = dict.fromkeys(row.source for row in evaluation.published)
    return [*notes, *(f"Published in: {source}." for source in sources), *_warnings(evaluation)]


def _warnings(evaluation: Evaluation) -> list[str]:
    """What keeps the published rows from being compared with the own."""
    own, photos = evaluation.scores[0].test_set, evaluation.scores[0].photos
    others = sorted({row.test_set for row in evaluation.published} - {own})
    warnings = []
    if others:
        warnings.append(
            f"Warning: the published rows of {', '.join(others)} are of other photos than "
            f"{own!r}; a difference may come from the photos."
        )
    sizes = {row.photos for row in evaluation.published if row.test_set == own}
    if any(abs(size - photos) > 0.05 * size for size in sizes):
        warnings.append(
            f"Warning: the published rows of {own} are of {max(sizes):,} photos, these are "
            f"{photos:,}; they compare only roughly."
        )
    return warnings


def score_record(score: Score) -> dict[str, Any]:
    """One row for programs, nothing rounded."""
    record: dict[str, Any] = {
        "system": score.system,
        "test_set": score.test_set,
        "photos": score.photos,
    }
    for km, share, (low, high) in zip(THRESHOLDS_KM, score.within, score.intervals, strict=True):
        record |= {f"within_{km:g}_km": share, f"low_{km:g}_km": low, f"high_{km:g}_km": high}
    return record | {
        "median_km": score.median_km,
        "osv5m_score": score.osv5m,
        "source": score.source,
    }
