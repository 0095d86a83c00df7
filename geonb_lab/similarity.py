"""Where else does it look like this? GeoCLIP's location encoder alone, without any photo.

It learned to put a place near the photos that were taken there, so two places are near each other
if their photos look alike to it.
"""

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from geonb.distances import Place, check_points, distance, haversine
from geonb.earth.places import Town, nearest_town
from geonb.errors import ModelError
from geonb.files import expanded
from geonb.known import fetch
from geonb.maps import drawing
from geonb.model import Model
from geonb.network.gallery import location_encoder, open_gallery, read_points
from geonb.network.geoclip import GeoclipFiles, find_location, pip_folder, read_gallery
from geonb.predictions import merge
from geonb.shown.sheets import Sheet
from geonb.weights.fetching import cached_files, own_files
from geonb.weights.registry import GEOCLIP, GEOCLIP_PLACES
from geonb_lab.evaluation.guesses import one_place
from geonb_lab.tabular import Tabular, fill

_SIMILARITY = (
    "Similarity is the cosine between two places in GeoCLIP's location encoder: 1 is the same "
    "place, 0 has nothing in common. It learned from photos on the web, and knows nothing else "
    "about a place."
)


@dataclass(frozen=True, repr=False)
class Lookalikes(Tabular):
    """The places whose photos look most like those of one place, best first.

    Attributes:
        place: The given place.
        places: The lookalikes, by their similarity.
        similarities: Of each, the cosine to the given place: 1 is the same, 0 nothing in common.
        apart_km: No two of all these places are nearer to each other.
        everywhere: All places that were compared, (N, 2) degrees.
        similar: The similarity of each of them, (N,).
    """

    place: Place
    places: tuple[Place, ...]
    similarities: tuple[float, ...]
    apart_km: float
    everywhere: NDArray[np.float64]
    similar: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.places)

    @property
    def towns(self) -> list[Town]:
        """The nearest town of each place."""
        return [nearest_town(place) for place in self.places]

    def sheet(self) -> Sheet:
        """The table as people read it."""
        apart = f"none is within {self.apart_km:g} km of the given one or of a better one."
        rows = fill(
            self.records(), "{nearest_town}", "{similarity:.2f}", "{km:,.0f}",
            "{latitude:.4f}", "{longitude:.4f}",
        )  # fmt: skip
        return Sheet(
            f"Where else does it look like {nearest_town(self.place)}?",
            ("nearest town", "similarity", "km away", "latitude", "longitude"),
            rows,
            [f"Of {len(self.everywhere):,} places; {apart}", _SIMILARITY],
        )

    def records(self) -> list[dict[str, Any]]:
        """The table as programs read it: one dict per place, nothing rounded."""
        return [
            {"nearest_town": str(nearest_town(place)), "similarity": similarity,
             "km": distance(self.place, place), "latitude": place[0], "longitude": place[1]}
            for place, similarity in zip(self.places, self.similarities, strict=True)
        ]  # fmt: skip

    def in_words(self) -> str:
        """The map in words, for people who can't see it."""
        rows = fill(self.records(), "{nearest_town}, {similarity:.2f}")
        listed = "; ".join(f"{rank}: {text}" for rank, (text,) in enumerate(rows, start=1))
        return (
            f"World map of {len(self.everywhere):,} places, the darker the more similar to "
            f"{nearest_town(self.place)}. The most similar ones: {listed}."
        )

    def figure(self) -> Figure:
        """A world map, shaded by similarity, with the list as numbered points."""
        figure = Figure(figsize=(9.4, 4.9), layout="constrained")
        chart = drawing.world(figure.subplots())
        order = np.argsort(self.similar)  # the most similar ones are drawn over the others
        x, y = chart.project(self.everywhere[order, ::-1]).T
        shaded = chart.axes.scatter(
            x, y, c=self.similar[order], s=3, lw=0,
            vmin=0, vmax=max(*self.similarities, 0.1), cmap="cividis_r", rasterized=True,
        )  # fmt: skip
        figure.colorbar(shaded, label="similarity", shrink=0.7)
        marks = [("★", self.place), *((str(i), p) for i, p in enumerate(self.places, start=1))]
        for mark, (lat, lng) in marks:
            chart.axes.annotate(
                mark, tuple(chart.project(np.array([lng, lat]))), color="white", fontsize=8,
                weight="bold", ha="center", va="center",
                bbox={"boxstyle": "circle,pad=0.25", "fc": "#b34700", "ec": "white"},
            )  # fmt: skip
        return figure


def lookalikes(
    model: Model | str | os.PathLike[str],
    place: Place,
    top: int = 6,
    apart_km: float = 300.0,
    gallery: ArrayLike | str | os.PathLike[str] | None = None,
) -> Lookalikes:
    """Find the places that look most like ``place``, spread over the world.

    ``model`` is a loaded GeoCLIP, its name, or its folder; its location encoder (38 MB) is enough,
    and that of pip's ``geoclip`` is taken if it's installed. ``gallery`` are places to compare
    with, instead of GeoCLIP's own 100,000; embedding these takes half a minute, once.
    None of the list is within ``apart_km`` kilometres of ``place`` or of a better one. Raises
    `ModelError`, `PlaceError`.
    """
    here = check_points(place).reshape(2)
    location, points = _encoder(model)
    if gallery is not None:
        points = read_points(gallery)
    compared = open_gallery(location, points)
    similar = np.asarray(compared.embeddings @ location_encoder(location)(here[None])[0])  # (N,)
    everywhere = compared.cells.places
    far = np.flatnonzero(haversine(everywhere, here) > apart_km)
    chosen = far[[i for i, _ in islice(merge(everywhere[far], similar[far], apart_km), top)]]
    if not len(chosen):
        raise ModelError(
            f"no place of the gallery is more than {apart_km:g} km away; lower apart_km"
        )
    places = tuple(map(one_place, everywhere[chosen]))
    found = tuple(similar[chosen].tolist())
    return Lookalikes(one_place(here), places, found, apart_km, everywhere, similar)


def _encoder(model: Model | str | os.PathLike[str]) -> tuple[Path, NDArray[np.float64]]:
    """Where the location encoder is, and the gallery that belongs to it.

    pip's ``geoclip`` has them too. They are fetched (40 MB) if ``model`` is ``geoclip`` and they
    aren't on this machine.
    """
    if isinstance(model, Model):
        if not isinstance(model.files, GeoclipFiles):
            raise ModelError(
                f"{model.name} has no location encoder; lookalikes needs GeoCLIP: "
                'geonb_lab.lookalikes("geoclip", place)'
            )
        return model.files.location, model.files.points
    if os.fspath(model) != GEOCLIP.name:
        folder = expanded(model)
    elif own := own_files(GEOCLIP):
        folder = own
    elif cached := cached_files(GEOCLIP_PLACES):
        folder = cached[-1].parent
    else:
        folder = pip_folder() or fetch(GEOCLIP_PLACES).parent
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder; expected GeoCLIP's, or its name: geoclip")
    return find_location(folder), read_gallery(folder)
