"""The Equal Earth projection, in the precision that is asked for."""

import numpy as np
import pytest

from geonb.earth.projection import equal_earth

EDGES = [[lat, lng] for lat in (-90, -1e-30, 0, 45, 90) for lng in (-180, 0, 1e-7, 180)]


def as_geoclip(points):
    """In the words of GeoCLIP's authors, each number of them float32."""
    f = np.float32
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    lat, lng = np.deg2rad(points).T
    root = np.sqrt(f(3))
    t = np.arcsin(root / f(2) * np.sin(lat))
    below = f(3) * (f(9 * a4) * t**8 + f(7 * a3) * t**6 + f(3 * a2) * t**2 + f(a1))
    x = f(2) * root * lng * np.cos(t) / below
    return np.stack([x, f(a4) * t**9 + f(a3) * t**7 + f(a2) * t**3 + f(a1) * t], axis=1)


def test_it_is_geoclip_s_to_the_last_bit():
    random = np.random.default_rng(0).uniform((-90, -180), (90, 180), (100_000, 2))
    points = np.concatenate([EDGES, random]).astype(np.float32)
    flat = equal_earth(points)
    assert flat.dtype == np.float32
    np.testing.assert_array_equal(flat, as_geoclip(points))


@pytest.mark.parametrize(("kind", "error"), [(np.float32, 1e-6), (np.float64, 1e-15)])
def test_its_numbers_are_of_the_type_of_the_points(kind, error):
    ends = equal_earth(np.array([[90, 0], [0, 180]], kind))
    assert ends.dtype == kind
    # The map is 5.41 wide and 2.63 high.
    np.testing.assert_allclose(ends, [[0, 1.3173627591574133], [2.7066299836960748, 0]], error)
