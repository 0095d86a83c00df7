"""Cells, the classes of a model: read and write them, find a point's; probabilities of them."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.distances import Place, check_points
from geonb.earth import s2
from geonb.errors import CellsError, GeonbError
from geonb.files import DATA, expecting, regular
from geonb.kept import kept

CELLS_FILE = "grids.txt"
"""The name of every model's cell list: LocationNet's."""


@dataclass(frozen=True, eq=False)
class Cells:
    """S2 cells in the order of a model's classes: class i is cell i.

    Raises `CellsError` if an id is no cell, or if two cells are the same or overlap.

    Attributes:
        ids: S2 cell ids, (N,) uint64.
        places: The centre of mass of each cell's training photos, (N, 2) degrees.
    """

    ids: NDArray[np.uint64]
    places: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not len(self.ids):
            raise CellsError("a cell list needs at least one cell, this one is empty")
        if not s2.valid(self.ids).all():
            bad = self.tokens[int(np.argmin(s2.valid(self.ids)))]
            raise CellsError(f"{bad!r} is not the token of an S2 cell")
        first, last = self._ranges
        overlap = np.flatnonzero(first[1:] <= last[:-1])
        if len(overlap):
            a, b = self._order[overlap[0]], self._order[overlap[0] + 1]
            raise CellsError(f"cells {self.tokens[a]} and {self.tokens[b]} overlap")

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        levels = self.levels
        return f"<Cells: {len(self):,} S2 cells of levels {levels.min()} to {levels.max()}>"

    @kept
    def tokens(self) -> list[str]:
        """The cells' S2 tokens, a list of N."""
        return s2.to_tokens(self.ids)

    @kept
    def levels(self) -> NDArray[np.int64]:
        """The cells' levels, (N,): 0 is a face of the cube, 30 a leaf."""
        return s2.levels(self.ids)

    @kept
    def areas_km2(self) -> NDArray[np.float64]:
        """The cells' areas, (N,) km², on a sphere of 6371 km."""
        from geonb.earth.outlines import areas_km2

        return areas_km2(self.ids)

    def place(self, index: int) -> Place:
        """Centre of mass of one cell, (latitude, longitude) in degrees."""
        lat, lng = self.places[index].tolist()
        return lat, lng

    def parents(self, level: int) -> NDArray[np.uint64]:
        """Id of the cell of ``level`` that holds each cell, (N,); one of that level is its own.

        Raises `CellsError` if a cell is larger than cells of that level.
        """
        largest = int(self.levels.min())
        if not 0 <= level <= largest:
            raise CellsError(f"these cells have parents of levels 0 to {largest}, not {level}")
        return s2.parents(self.ids, level)

    def to_geojson(self) -> dict[str, Any]:
        """The cells as a GeoJSON FeatureCollection (RFC 7946), cut at ±180° and at the poles.

        Each feature has its class, token, level, area and place. Longitude comes first there.
        """
        from geonb.earth.outlines import polygons

        features = []
        for i, outline in enumerate(polygons(self.ids)):
            parts: list[Any] = [[ring.tolist()] for ring in outline]
            one = len(parts) == 1
            lat, lng = self.place(i)
            features.append({
                "type": "Feature",
                "geometry": {
                    "type": "Polygon" if one else "MultiPolygon",
                    "coordinates": parts[0] if one else parts,
                },
                "properties": {
                    "class": i, "token": self.tokens[i], "level": int(self.levels[i]),
                    "area_km2": float(self.areas_km2[i]), "latitude": lat, "longitude": lng,
                },
            })  # fmt: skip
        return {"type": "FeatureCollection", "features": features}

    @kept
    def countries(self) -> list[str]:
        """The country of each cell's place, that of its nearest town. 100,000 take seconds."""
        from geonb.earth.places import gazetteer, nearest_towns

        countries = gazetteer().countries
        return [countries[i] for i in nearest_towns(self.places).tolist()]

    @kept
    def _ranges(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """First and last leaf of the cells in their order on the curve."""
        first, last = s2.ranges(self.ids[self._order])
        return first, last

    @kept
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self.ids)

    def index(self, points: ArrayLike) -> NDArray[np.intp]:
        """Class of the cell that holds each point, (N, 2) degrees to (N,); -1 where none does."""
        leaves = s2.leaf_ids(check_points(points).reshape(-1, 2))
        first, last = self._ranges
        slot = np.searchsorted(first, leaves, side="right") - 1
        inside = (slot >= 0) & (leaves <= last[slot])
        return np.where(inside, self._order[slot], -1)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write ``token<TAB>latitude<TAB>longitude`` lines, the format of LocationNet's list.

        Reading them gives the same cells to the last bit.
        """
        from geonb.writing import replacing

        rows = zip(self.tokens, self.places.tolist(), strict=True)
        text = "".join(f"{t}\t{lat!r}\t{lng!r}\n" for t, (lat, lng) in rows)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


@dataclass(frozen=True, eq=False)
class Belief:
    """What a model believes of one photo: a probability for each of its cells.

    Attributes:
        cells: The model's places.
        probabilities: The probability of each, (cells,), 0 to 1.
    """

    cells: Cells
    probabilities: NDArray[np.float32]


_SHIPPED = {name: DATA / name / CELLS_FILE for name in ("locationnet", "mini")}


def read_cells(path: str | os.PathLike[str]) -> Cells:
    """Read a cell list, one ``token<TAB>latitude<TAB>longitude`` a line.

    The CSV files of GeoEstimation are read too: the columns hex_id, latitude_mean and
    longitude_mean, in the order of class_label.
    ``locationnet`` and ``mini`` are the lists that come with geonb, the first with its 15,527
    cells as they were published.

    Raises `CellsError` with the line number if a line has another form, or if a centre of mass
    lies outside its own cell; also if cells overlap.
    """
    path = _SHIPPED.get(os.fspath(path)) or Path(path)
    tokens, places, number = [], [], 0
    with expecting(path, "a cell list", CellsError, csv.Error, TypeError):  # TypeError: short rows
        lines = regular(path).read_text(encoding="ascii").splitlines()
        lines = _tab_separated(lines)
    try:
        for number, line in enumerate(lines, start=1):
            token, lat, lng = line.split("\t")
            tokens.append(int.from_bytes(bytes.fromhex(token.ljust(16, "0"))))
            places.append((float(lat), float(lng)))
    except ValueError as error:
        raise CellsError(
            f"{path}, line {number}: expected token<TAB>latitude<TAB>longitude, got {line[:80]!r}"
        ) from error
    if not tokens or max(tokens) >= 1 << 64:
        raise CellsError(f"{path}: no cells, or a token longer than 16 digits, in the cell list")
    ids = np.array(tokens, np.uint64)
    try:
        cells = Cells(ids, check_points(places))
    except GeonbError as error:
        wrong = ~s2.valid(ids) | ~(np.abs(places) <= (90, 180)).all(axis=1)
        where = f", line {np.argmax(wrong) + 1}" if wrong.any() else ""
        raise CellsError(f"{path}{where}: {error}") from error
    if len(strays := np.flatnonzero(cells.index(cells.places) != np.arange(len(cells)))):
        i = int(strays[0])
        raise CellsError(
            f"{path}, line {i + 1}: the centre {places[i]} lies outside its own cell "
            f"{cells.tokens[i]}; are the lines or columns mixed up?"
        )
    return cells


def _tab_separated(lines: list[str]) -> list[str]:
    """The lines, those of GeoEstimation's CSV (Müller-Budack et al., ECCV 2018) as ours."""
    header = next((i for i, line in enumerate(lines[:9]) if "hex_id" in line.split(",")), None)
    if header is None:
        return lines
    rows = sorted(csv.DictReader(lines[header:]), key=lambda row: int(row["class_label"]))
    wanted = "hex_id", "latitude_mean", "longitude_mean"
    return ["\t".join(str(row[name]) for name in wanted) for row in rows]
