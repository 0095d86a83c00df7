"""The partition of photos into cells, against a slow one written from the rule."""

from collections import Counter

import numpy as np
import pytest
import s2cell
from hypothesis import given, settings
from hypothesis import strategies as st

from geonb.distances import distance
from geonb.earth import s2
from geonb.errors import CellsError, PlaceError
from geonb_training.partitions import partition
from support.places import from_tokens

PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
SPECIAL = st.sampled_from([(90.0, 0.0), (-90.0, 10.0), (12.5, 180.0), (12.5, -180.0), (48.85, 2.3)])


def slow_partition(points, t1, t2):
    """The rule, one photo and one cell at a time: token to the photos' places."""
    leaves = [s2cell.lat_lon_to_cell_id(lat, lng) for lat, lng in points]
    kept, waiting = {}, [(level_0, 0) for level_0 in (from_tokens(list("13579b"))).tolist()]
    while waiting:
        cell, level = waiting.pop()
        inside = [
            place
            for leaf, place in zip(leaves, points, strict=True)
            if s2cell.cell_id_to_parent_cell_id(leaf, level) == cell
        ]
        if len(inside) >= t1 and level < 30:
            children = Counter(
                s2cell.cell_id_to_parent_cell_id(leaf, level + 1)
                for leaf in leaves
                if s2cell.cell_id_to_parent_cell_id(leaf, level) == cell
            )
            waiting += [(child, level + 1) for child in children]
        elif len(inside) >= t2:
            kept[s2cell.cell_id_to_token(cell)] = inside
    return kept


def centre_of_mass(places):
    lat, lng = np.radians(np.array(places)).T
    x, y, z = (
        (np.cos(lat) * np.cos(lng)).sum(),
        (np.cos(lat) * np.sin(lng)).sum(),
        np.sin(lat).sum(),
    )
    return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])


def check_against_slow(points, t1, t2):
    expected = slow_partition(points, t1, t2)
    if not expected:
        with pytest.raises(CellsError, match="lower t2"):
            partition(points, t1, t2)
        return
    cells = partition(points, t1, t2)
    assert dict.fromkeys(cells.tokens) == dict.fromkeys(sorted(expected, key=_curve))
    assert cells.index(cells.places).tolist() == list(range(len(cells)))
    for token, place in zip(cells.tokens, cells.places, strict=True):
        assert distance(place, centre_of_mass(expected[token])) < 1e-6


def _curve(token):
    return int(token.ljust(16, "0"), 16)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(PLACES, SPECIAL), min_size=1, max_size=40), st.data())
def test_partition_follows_the_rule(points, data):
    t1 = data.draw(st.integers(1, 12))
    check_against_slow(points, t1, data.draw(st.integers(1, t1)))


@pytest.mark.parametrize(
    "points",
    [
        [(48.8584, 2.2945)] * 30,  # all at one spot: down to the leaf, which is not divided
        [(90.0, lng) for lng in range(-180, 180, 15)],
        [(-90.0, 0.0)] * 7,
        [(10.0, 180.0), (10.0, -180.0)] * 6,
        [(0.0, 45.0), (45.0, 0.0), (0.0, -135.0)] * 5,  # on the cube's edges
        [(1.0, 2.0)],
    ],
)
@pytest.mark.parametrize(("t1", "t2"), [(5, 2), (3, 3), (40, 1), (1, 1)])
def test_partition_of_degenerate_photos(points, t1, t2):
    check_against_slow(points, t1, t2)


@pytest.mark.parametrize("lng", [180.0, -180.0])
def test_photos_on_the_180th_meridian_have_their_centre_on_its_same_side(lng):
    check_against_slow([(12.5, -lng), (12.5, lng), (1.0, lng)], 3, 1)
    check_against_slow([(12.5, -lng), (12.5, lng), (1.0, np.nextafter(lng, 0))], 3, 1)


def test_a_centre_stays_inside_a_cell_of_a_centimetre():
    rng = np.random.default_rng(4)
    spots = np.stack([rng.uniform(-90, 90, 3000), rng.uniform(-180, 180, 3000)], axis=-1)
    cells = partition(np.repeat(spots, 2, axis=0), 2, 1)  # two photos a spot: down to the leaves
    assert set(cells.levels.tolist()) == {30}
    assert cells.index(cells.places).tolist() == list(range(3000))


def test_partition_does_not_depend_on_the_order():
    rng = np.random.default_rng(0)
    points = rng.normal((48.8, 2.3), 0.3, (300_000, 2))  # more than are added at a time
    points[::3] = points[0]
    a, b = partition(points, 900, 60), partition(rng.permutation(points), 900, 60)
    assert a.tokens == b.tokens
    assert a.places.tobytes() == b.places.tobytes()
    assert s2.levels(a.ids).max() == 30  # the crowded spot


@pytest.mark.parametrize(("t1", "t2"), [(5, 6), (0, 0), (5, 0), (5, -1)])
def test_thresholds_out_of_order(t1, t2):
    with pytest.raises(CellsError, match=rf"1 <= t2 <= t1, got t1={t1}, t2={t2}"):
        partition([(1, 2)], t1, t2)


def test_bad_photos_of_a_partition():
    with pytest.raises(PlaceError, match="swapped"):
        partition([(139.7, 35.6), (35.6, 139.7)], 2, 1)
    with pytest.raises(PlaceError, match="nan"):
        partition([(np.nan, 35.6)], 2, 1)
    with pytest.raises(CellsError, match="of the 0 photos"):
        partition(np.empty((0, 2)), 2, 1)
