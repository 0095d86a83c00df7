"""Cells: lookups, files, areas, parents, outlines."""

import numpy as np
import pytest
import s2cell

from geonb.distances import EARTH_RADIUS_KM
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


def test_a_list_of_no_cells():
    with pytest.raises(CellsError, match="a cell list needs at least one cell, this one is empty"):
        Cells(np.zeros(0, np.uint64), np.zeros((0, 2)))


def test_cells_tell_their_number_and_levels():
    some = Cells(from_tokens(["1", "34"]), np.zeros((2, 2)))
    assert repr(some) == "<Cells: 2 S2 cells of levels 0 to 1>"


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(CellsError, match="cannot read it, expected a cell list"):
        read_cells(tmp_path / "grids.txt")


def test_parents(cells):
    level = int(cells.levels.min())
    expected = [s2cell.token_to_parent_token(t, level) for t in cells.tokens]
    assert s2.to_tokens(cells.parents(level)) == expected
    for wrong in (level + 1, -1):
        with pytest.raises(CellsError, match=f"parents of levels 0 to {level}, not {wrong}"):
            cells.parents(wrong)


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


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("60188b\t35.6", "line 2"),
        ("xyz\t35.6\t139.7", "line 2"),
        ("60188b\tnorth\t139.7", "line 2"),
        ("60188b\t135.6\t39.7", r"grids\.txt, line 2: .*swapped"),
        ("-1\t35.6\t139.7", r"grids\.txt, line 2: expected token"),
        ("0x6018\t35.6\t139.7", r"grids\.txt, line 2: expected token"),
        ("6018_8b\t35.6\t139.7", r"grids\.txt, line 2: expected token"),
        ("60188a80000\t35.6\t139.7", r"grids\.txt, line 2: .*no.* cell|line 2: '60188a8"),
        ("60188b\tnan\t139.7", r"grids\.txt, line 2: .*not a place"),
    ],
)
def test_a_line_that_is_no_cell(tmp_path, line, words):
    (tmp_path / "grids.txt").write_text(f"89c25\t40.7\t-74.0\n{line}\n")
    with pytest.raises(CellsError, match=words):
        read_cells(tmp_path / "grids.txt")


def test_cells_that_overlap(tmp_path):
    (tmp_path / "grids.txt").write_text("89c25\t40.7\t-74.0\n89c24\t40.7\t-74.0\n")
    with pytest.raises(CellsError, match=r"grids\.txt: cells .* overlap"):
        read_cells(tmp_path / "grids.txt")


def test_lines_that_are_mixed_up(cells, tmp_path):
    path = tmp_path / "grids.txt"
    cells.write(path)
    rows = [line.split("\t", 1) for line in path.read_text().splitlines()]
    rows[4][1], rows[5][1] = rows[5][1], rows[4][1]
    path.write_text("".join(f"{token}\t{place}\n" for token, place in rows))
    with pytest.raises(CellsError, match=r"grids\.txt, line 5: the centre .* outside its own cell"):
        read_cells(path)
