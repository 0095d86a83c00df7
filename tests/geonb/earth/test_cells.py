"""Cells: lookups, files, areas, parents, outlines."""

import numpy as np
import pytest
import s2cell

from geonb.distances import EARTH_RADIUS_KM, distance
from geonb.earth import s2
from geonb.earth.cells import Cells, read_cells
from geonb.errors import CellsError, GeonbError
from geonb_training.partitions import partition
from support.places import from_tokens

SPHERE_KM2 = 4 * np.pi * EARTH_RADIUS_KM**2


@pytest.fixture(scope="module")
def cells():
    rng = np.random.default_rng(1)
    towns = np.stack([rng.uniform(-80, 80, 60), rng.uniform(-180, 180, 60)], axis=-1)
    return partition(np.repeat(towns, 50, axis=0) + rng.normal(0, 0.4, (3000, 2)), 60, 5)


def test_index_finds_the_cell_of_each_photo(cells):
    assert cells.index(cells.places).tolist() == list(range(len(cells)))
    rng = np.random.default_rng(2)
    points = np.concatenate([cells.places + rng.normal(0, 0.5, cells.places.shape), [(89.9, 0)]])
    for place, found in zip(points.tolist(), cells.index(points).tolist(), strict=True):
        leaf = s2cell.lat_lon_to_cell_id(*place)
        holders = [
            i
            for i, (token, level) in enumerate(zip(cells.tokens, cells.levels, strict=True))
            if s2cell.cell_id_to_token(s2cell.cell_id_to_parent_cell_id(leaf, int(level))) == token
        ]
        assert holders == ([found] if found >= 0 else [])
    assert cells.index(points)[-1] == -1


def test_index_keeps_the_order_of_the_classes(cells):
    order = np.random.default_rng(3).permutation(len(cells))
    mixed = Cells(cells.ids[order], cells.places[order])
    assert mixed.index(mixed.places).tolist() == list(range(len(mixed)))


def test_writing_and_reading_gives_the_same_cells(cells, tmp_path):
    cells.write(tmp_path / "grids.txt")
    again = read_cells(tmp_path / "grids.txt")
    assert again.ids.tobytes() == cells.ids.tobytes()
    assert again.places.tobytes() == cells.places.tobytes()
    assert [file.name for file in tmp_path.iterdir()] == ["grids.txt"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no cells"),
        ("8644b594\t30.1\t-97.7\nno tabs here\n", "line 2: expected token<TAB>latitude"),
        ("8644b594\t30.1\tEast\n", "line 1"),
        ("8644b594\t130.1\t30.0\n", r"grids\.txt, line 1: .*swapped"),
        ("8644b594\tnan\t30.0\n", "not a place"),
        ("8644b594\t30.1\t-97.7\nf1\t1\t1\n", r"grids\.txt, line 2: 'f1' is not the token"),
        ("8644b594\t30.1\t-97.7\n8644b594\t30.1\t-97.7\n", "overlap"),
        ("8644b594\t30.1\t-97.7\n8644b5\t30.1\t-97.7\n", "overlap"),
        ("1" * 17 + "\t1.0\t2.0\n", "line 1"),
        ("1" * 18 + "\t1.0\t2.0\n", "longer than 16"),
        ("caf\u00e9\t1.0\t2.0\n", "not a cell list"),
    ],
)
def test_a_list_that_is_no_cell_list(text, message, tmp_path):
    (tmp_path / "grids.txt").write_text(text, encoding="utf-8")
    with pytest.raises(GeonbError, match=message):
        read_cells(tmp_path / "grids.txt")


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(CellsError, match="cannot read it, expected a cell list"):
        read_cells(tmp_path / "grids.txt")


def test_areas():
    faces = Cells(from_tokens(list("13579b")), np.zeros((6, 2)))
    assert faces.areas_km2 == pytest.approx(SPHERE_KM2 / 6)
    for level in range(1, 6):  # however often a face is divided, its area stays
        faces = Cells(s2.children(faces.ids).ravel(), np.zeros((4 * len(faces), 2)))
        assert faces.areas_km2.sum() == pytest.approx(SPHERE_KM2)
        assert set(faces.levels.tolist()) == {level}
    # the average leaf is 0.74 cm2 (s2geometry.io, "S2 Cell Statistics": 0.48 to 0.93)
    leaves = Cells(s2.leaf_ids(np.array([[48.85, 2.3], [0.0, 0.0]])), np.zeros((2, 2)))
    assert ((leaves.areas_km2 * 1e10 > 0.4) & (leaves.areas_km2 * 1e10 < 1.0)).all()


def test_parents(cells):
    level = int(cells.levels.min())
    expected = [s2cell.token_to_parent_token(t, level) for t in cells.tokens]
    assert s2.to_tokens(cells.parents(level)) == expected
    for wrong in (level + 1, -1):
        with pytest.raises(CellsError, match=f"parents of levels 0 to {level}, not {wrong}"):
            cells.parents(wrong)


def _map_area(ring):
    """Signed area of a ring on the flat map, in square degrees."""
    x, y = np.array(ring).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_outlines_of_one_level_cover_the_map_once(level):
    ids = from_tokens(list("13579b"))
    for _ in range(level):
        ids = s2.children(ids).ravel()
    total = 0.0
    for feature in Cells(ids, np.zeros((len(ids), 2))).to_geojson()["features"]:
        parts = feature["geometry"]["coordinates"]
        for (ring,) in parts if feature["geometry"]["type"] == "MultiPolygon" else [parts]:
            assert ring[0] == ring[-1]
            assert np.abs(ring).max(axis=0).tolist() <= [180.0, 90.0]
            assert _map_area(ring) > 0  # counter-clockwise, as RFC 7946 wants the outside
            assert np.abs(np.diff(ring, axis=0)[:, 0]).max() <= 90.1  # no jump across the map
            total += _map_area(ring)
    assert total == pytest.approx(360 * 180, rel=1e-3)


@pytest.mark.parametrize("level", range(4, 10))
def test_sides_are_divided_until_a_straight_line_is_within_a_kilometre(level):
    """Up to 60° of latitude; and cells of 80 km and less keep their four corners."""
    points = s2.to_degrees(np.random.default_rng(5).normal(size=(400, 3)))
    points = points[np.abs(points[:, 0]) < 58]
    ids = np.unique(s2.parents(s2.leaf_ids(points), level))
    for feature in Cells(ids, np.zeros((len(ids), 2))).to_geojson()["features"]:
        ring = np.array(feature["geometry"]["coordinates"][0])[:, ::-1]  # latitude first
        assert len(ring) == 1 + 4 * 2 ** max(0, 7 - level)
        ends = s2.unit_vectors(ring)
        on_earth = s2.to_degrees(ends[:-1] + ends[1:])  # the middle of each great circle
        on_map = (ring[:-1] + ring[1:]) / 2
        assert distance(on_map, on_earth).max() < 1


def test_outlines_tell_class_token_level_area_and_place(cells):
    feature = cells.to_geojson()["features"][7]
    assert feature["properties"] == {
        "class": 7,
        "token": cells.tokens[7],
        "level": s2cell.token_to_level(cells.tokens[7]),
        "area_km2": pytest.approx(cells.areas_km2[7]),
        "latitude": cells.places[7, 0],
        "longitude": cells.places[7, 1],
    }
    lngs, lats = np.array(feature["geometry"]["coordinates"][0]).T
    assert lats.min() <= cells.places[7, 0] <= lats.max()
    assert lngs.min() <= cells.places[7, 1] <= lngs.max()


def test_locationnet_s_own_list(real_files, tmp_path):
    cells = read_cells("locationnet")
    assert len(cells) == 15_527
    assert (cells.levels.min(), cells.levels.max()) == (1, 30)
    assert cells.index(cells.places).tolist() == list(range(15_527))  # each in its own cell
    assert cells.places[8894].tolist() == [35.6599344486, 139.728919109]
    assert 0 < cells.areas_km2.sum() < SPHERE_KM2
    assert len(cells.to_geojson()["features"]) == 15_527
    cells.write(tmp_path / "again.txt")
    assert (tmp_path / "again.txt").read_bytes() == (real_files / "grids.txt").read_bytes()
    assert len(read_cells("mini")) == 211


GEOESTIMATION = """num_images: 4723695
min_concept_probability: ---
class_label,hex_id,imgs_per_cell,latitude_mean,longitude_mean
1,365,589,36.14504555687608,102.98971323599338
0,8747,1370,38.839432108029186,-109.14347992262756
2,89c6c74,235,39.98461821276593,-75.21640030212768
"""


def test_the_cells_of_geoestimation(tmp_path):
    """Three rows of cells_50_2000.csv: two lines of facts, and classes in any order."""
    (tmp_path / "cells.csv").write_text(GEOESTIMATION)
    cells = read_cells(tmp_path / "cells.csv")
    assert cells.tokens == ["8747", "365", "89c6c74"]
    assert cells.place(0) == (38.839432108029186, -109.14347992262756)


@pytest.mark.parametrize(
    ("old", "new"), [("latitude_mean", "latitude"), ("1,365,", "x,365,"), ("8747,1370", "8747")]
)
def test_a_csv_of_cells_that_lacks_something(tmp_path, old, new):
    (tmp_path / "cells.csv").write_text(GEOESTIMATION.replace(old, new))
    with pytest.raises(CellsError, match=r"cells\.csv"):
        read_cells(tmp_path / "cells.csv")
