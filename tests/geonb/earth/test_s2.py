"""S2 ids for arrays, against the scalar library s2cell, which follows Google's."""

import numpy as np
import pytest
import s2cell
from hypothesis import given
from hypothesis import strategies as st

from geonb.distances import distance
from geonb.earth import s2
from support.cell_ids import IDS, LATS, LNGS, ids_of
from support.places import from_tokens

CORNER = np.degrees(np.arctan(np.sqrt(0.5)))  # latitude of the cube's corners


def test_leaves_are_those_of_the_scalar_library():
    rng = np.random.default_rng(0)
    points = s2.to_degrees(rng.normal(size=(2000, 3)))
    assert s2.leaf_ids(points).tolist() == [s2cell.lat_lon_to_cell_id(*p) for p in points.tolist()]


@given(LATS, LNGS)
def test_a_leaf_is_that_of_the_scalar_library_or_its_neighbour(lat, lng):
    """Sines differ by a rounding between the two, which decides on a leaf's edge, or the cube's."""
    ours = int(s2.leaf_ids(np.array([[lat, lng]]))[0])
    theirs = s2cell.lat_lon_to_cell_id(lat, lng)
    places = [s2cell.cell_id_to_lat_lon(leaf) for leaf in (ours, theirs)]
    assert distance(*places) < 5e-5  # km; a leaf is a centimetre wide


@pytest.mark.parametrize(
    ("vector", "face"),
    # S2Point::LargestAbsComponent in Google's library: of equal axes the later one wins.
    [((1, 1, 0), 1), ((1, 0, 1), 2), ((0, 1, 1), 2), ((1, 1, 1), 2), ((-1, -1, 0), 4),
     ((-1, 0, -1), 5), ((0, -1, -1), 5), ((-1, -1, -1), 5)],
)  # fmt: skip
def test_ties_on_the_cube_s_edges_go_as_in_the_reference_library(vector, face):
    assert s2.ids_of_vectors(np.array([vector], float))[0] >> np.uint64(61) == face


@pytest.mark.parametrize(("lat", "face"), [(90.0, 2), (-90.0, 5)])
def test_a_pole_is_in_one_leaf_or_its_neighbours_whatever_the_longitude(lat, face):
    leaves = s2.leaf_ids(np.array([[lat, lng] for lng in np.linspace(-180, 180, 25)]))
    around = s2cell.lat_lon_to_cell_id(lat, 0.0)
    near = {around, *s2cell.cell_id_to_neighbor_cell_ids(around, edge=True, corner=True)}
    assert set(leaves.tolist()) <= near
    assert set((leaves >> np.uint64(61)).tolist()) == {face}


def test_long_arrays_give_the_ids_of_single_points():
    rng = np.random.default_rng(0)
    points = np.stack([rng.uniform(-90, 90, 300_000), rng.uniform(-180, 180, 300_000)], axis=-1)
    ids = s2.leaf_ids(points)
    some = rng.integers(0, len(points), 500)
    assert ids[some].tolist() == [s2cell.lat_lon_to_cell_id(*p) for p in points[some].tolist()]


@given(IDS)
def test_level_token_and_validity(cell):
    assert s2.levels(ids_of(cell))[0] == s2cell.cell_id_to_level(cell)
    assert s2.to_tokens(ids_of(cell)) == [s2cell.cell_id_to_token(cell)]
    assert from_tokens([s2cell.cell_id_to_token(cell)])[0] == cell
    assert s2.valid(ids_of(cell, cell ^ 0x6, 0, 0xF << 60)).tolist()[::2] == [True, False]


@given(st.integers(0, 2**64 - 1))
def test_what_is_no_cell_is_not_valid(number):
    assert s2.valid(ids_of(number))[0] == s2cell.cell_id_is_valid(number)


@given(IDS, st.integers(0, 30))
def test_parents_and_children(cell, level):
    own = s2cell.cell_id_to_level(cell)
    if level <= own:
        parent = s2cell.cell_id_to_parent_cell_id(cell, level)
        assert s2.parents(ids_of(cell), level)[0] == parent
    if own < 30:
        children = s2.children(ids_of(cell))[0]
        assert (np.diff(children.astype(object)) > 0).all()
        assert {s2cell.cell_id_to_parent_cell_id(int(c)) for c in children} == {cell}
