"""The one answer of LocationNet that is in print, and the comparison of a model with it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from geonb.distances import Place, distance
from geonb.errors import ModelError
from geonb.predictions import predict

if TYPE_CHECKING:
    from geonb.model import Model
    from geonb.photos.photo import PhotoSource

SOURCE = (
    'J. Choi and K. Li, "Estimating the Location of Images Using MXNet and Multimedia Commons '
    'Dataset on AWS EC2", AWS blog, 2017'
)
_SAME_KM = 0.01
_SAME_PROBABILITY = 0.002
"""Decoders of JPEG, and the versions of scikit-image, differ by that much."""


@dataclass(frozen=True)
class PublishedCheck:
    """A model's answer beside the published one."""

    published: tuple[tuple[float, Place], ...]
    """Probability and place of the five published ranks."""
    answered: tuple[tuple[float, Place], ...]
    """The same of the model."""

    @property
    def same_places(self) -> int:
        """At how many of the ranks the model names the published place."""
        pairs = zip(self.published, self.answered, strict=True)
        return sum(bool(distance(a, b) < _SAME_KM) for (_, a), (_, b) in pairs)

    @property
    def widest(self) -> float:
        """The widest difference between probabilities at one rank."""
        pairs = zip(self.published, self.answered, strict=True)
        return max(abs(a - b) for (a, _), (b, _) in pairs)

    @property
    def same_network(self) -> bool:
        """Whether only the same network, given the same photo, can have answered so."""
        return self.same_places == len(self.published) and self.widest < _SAME_PROBABILITY

    def __repr__(self) -> str:
        verdict = (
            "the same network and photo"
            if self.same_network
            else f"{self.same_places} of {len(self.published)} places are the same, probabilities "
            f"differ by up to {self.widest:.6f}: another network, photo or preprocessing"
        )
        lines = [f"published answer: {SOURCE}", "rank  published                    model"]
        for rank, pair in enumerate(zip(self.published, self.answered, strict=True), start=1):
            cells = "   ".join(f"{p:.6f} {lat:.6f}, {lng:.6f}" for p, (lat, lng) in pair)
            lines.append(f"{rank:<5} {cells}")
        return "\n".join([*lines, verdict])


def published_answer() -> tuple[tuple[float, Place], ...]:
    """Probability and (latitude, longitude) of the five places that the blog prints."""
    text = (files("geonb") / "data" / "published_tokyo_tower.csv").read_text()
    return tuple(
        (float(row["probability"]), (float(row["latitude"]), float(row["longitude"])))
        for row in csv.DictReader(text.splitlines())
    )


def check_published(model: Model, photo: PhotoSource | None = None) -> PublishedCheck:
    """Compare a model's answer for the blog's photo of Tokyo Tower with the published one.

    The photo is yours to find: the blog's address of it is lost, and no copy is known. Without
    one, this raises `ModelError` that says so; with another photo of the tower, the first places
    should be the same, and the probabilities will not be.
    """
    if photo is None:
        raise ModelError(
            "the blog's photo of Tokyo Tower is not to be had: its address is lost; give a copy, "
            "check_published(model, photo), or another photo of the tower for a rough comparison"
        )
    predictions = predict(model, photo, top=len(published_answer()))
    return PublishedCheck(published_answer(), tuple((p.probability, p.place) for p in predictions))
