"""Outlines of cells: closed, the right way round, and whole at ±180° and at the poles."""

from itertools import chain

import numpy as np
import pytest
import s2cell
from hypothesis import given

from geonb.distances import EARTH_RADIUS_KM, distance
from geonb.earth import outlines, s2
from geonb.earth.cells import Cells
from geonb.earth.outlines import polygons
from support.cell_ids import IDS, ids_of
from support.places import from_tokens

SPHERE_KM2 = 4 * np.pi * EARTH_RADIUS_KM**2


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


def test_corners_of_a_face():
    corners = s2.to_degrees(outlines.rings(ids_of(1 << 60)))[0]  # face 0, around (0, 0)
    lat = np.degrees(np.arctan(np.sqrt(0.5)))
    assert np.allclose(corners, [(-lat, -45), (-lat, 45), (lat, 45), (lat, -45)])


@given(IDS)
def test_a_cell_s_centre_is_inside_its_ring_and_its_leaves_inside_its_range(cell):
    lat, lng = s2cell.cell_id_to_lat_lon(cell)
    centre = s2.unit_vectors(np.array([lat, lng]))
    ring = outlines.rings(ids_of(cell))[0]
    ring /= np.linalg.norm(ring, axis=-1, keepdims=True)
    sides = np.cross(np.roll(ring, -1, axis=0) - ring, centre - ring)
    assert (np.einsum("ni,ni->n", sides, ring) > 0).all()  # counter-clockwise: all on the left
    first, last = s2.ranges(ids_of(cell))
    assert first[0] <= s2.leaf_ids(np.array([[lat, lng]]))[0] <= last[0]
    assert s2.levels(np.concatenate([first, last])).tolist() == [30, 30]


def test_outlines_of_cells_hold_across_the_line_and_at_poles():
    faces = from_tokens([f"{i:x}" for i in (1, 3, 5, 7, 9, 11)])  # the six faces of the cube
    children = from_tokens(["04", "0c", "14", "1c", "24", "54", "5c", "84", "a4", "bc"])
    for ids in (faces, children):
        for ring in chain.from_iterable(polygons(ids)):
            assert np.abs(np.diff(ring[:, 0])).max() <= 91
            assert np.abs(ring[:, 1]).max() <= 90
            assert np.abs(ring[:, 0]).max() <= 180
    area = sum(map(_map_area, chain.from_iterable(polygons(faces))))
    assert area == pytest.approx(360 * 180, rel=0.02)  # together they fill the map, none twice
