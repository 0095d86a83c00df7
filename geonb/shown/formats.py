"""Predictions in every form: a table, JSON, a data frame and GeoJSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from geonb.shown.sheets import Sheet, data_frame, percent

if TYPE_CHECKING:
    from geonb.predictions import Predictions


def sheet(predictions: Predictions) -> Sheet:
    """The table as people read it: one row per prediction, the answer and the note below."""
    head = ["rank", "place", "probability", "latitude", "longitude"]
    rows = [
        [str(p.rank), str(p.town), percent(p.probability), f"{lat:.4f}", f"{lng:.4f}"]
        for p in predictions
        for lat, lng in [p.place]
    ]
    if predictions.distances is not None:
        head.append("km to truth")
        pairs = zip(rows, predictions.distances, strict=True)
        rows = [[*row, f"{km:,.1f}"] for row, km in pairs]
    caption = f"{predictions.warning} photo {predictions.photo.name}".lstrip()
    caption += f", model {predictions.model}, engine {predictions.engine}"
    if predictions.within:
        caption += f", only within {predictions.within}"
    if predictions.spread_km:
        caption += f"; guesses closer than {predictions.spread_km:g} km are merged"
    note = predictions.note and f"Note: {predictions.note}."
    notes = [predictions.summary, note]
    return Sheet(caption, head, rows, [note for note in notes if note], words=2)


def to_dict(predictions: Predictions) -> dict[str, Any]:
    """See `Predictions.to_dict`."""
    truth, right, answer = predictions.truth, predictions.truth_cell, predictions.answer
    return {
        "photo": predictions.photo.name,
        "model": predictions.model,
        "engine": predictions.engine,
        "note": predictions.note,
        "warning": predictions.warning or None,
        "within": predictions.within or None,
        "spread_km": predictions.spread_km,
        "answer": answer
        and {
            "sure": answer.sure,
            "probability_within": {f"{km:g}_km": share for km, share in answer.by_radius},
            "half_km": answer.half_km,
            "sentence": predictions.summary,
        },
        "truth": truth
        and {
            "latitude": truth[0],
            "longitude": truth[1],
            "token": right and (right.token or None),
            "rank": right and right.rank,
            "distances_km": predictions.distances,
        },
        "predictions": [
            {
                "rank": p.rank,
                "probability": p.probability,
                "latitude": p.place[0],
                "longitude": p.place[1],
                "token": p.token,
                "place": asdict(p.town),
            }
            for p in predictions
        ],
    }


def to_dataframe(predictions: Predictions) -> Any:
    """See `Predictions.to_dataframe`."""
    frame = data_frame(to_dict(predictions)["predictions"]).drop(columns="place")
    frame = frame.assign(nearest_town=[str(p.town) for p in predictions])
    known = predictions.distances is not None
    return frame.assign(distance_km=predictions.distances) if known else frame


def to_geojson(predictions: Predictions) -> dict[str, Any]:
    """See `Predictions.to_geojson`."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
            "properties": {key: row[key] for key in ("rank", "probability", "token", "place")},
        }
        for row in to_dict(predictions)["predictions"]
    ]
    return {"type": "FeatureCollection", "features": features}
