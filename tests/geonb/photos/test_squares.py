"""The square that a network sees: the photo's middle, the right way round, near the blog's own."""

import numpy as np
import pytest

import geonb
from support.kinds import KINDS, encoded, plain

MEAN = np.array([123.68, 116.779, 103.939])
LARGE = pytest.mark.slow  # the reference takes its time over 12 megapixels


@pytest.mark.parametrize("method", ["fast", "blog"])
@pytest.mark.parametrize("size", [(500, 300), (300, 500)])
def test_it_is_the_centre_square(method, size):
    image = plain("black", size)
    short = min(size)
    left, top = (size[0] - short) // 2, (size[1] - short) // 2
    image.paste((255, 255, 255), (left, top, left + short, top + short))
    assert geonb.preprocess(encoded(image), method).min() > 256 - MEAN[0] - 1


def test_rows_and_columns_are_not_swapped():
    image = plain("black", (224, 224))
    image.paste((255, 255, 255), (0, 0, 224, 112))
    for method in ("fast", "blog"):
        batch = geonb.preprocess(encoded(image), method)
        assert batch[0, 0, :100].min() > 100
        assert batch[0, 0, 124:].max() < -100


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=LARGE if "megapixels" in kind else ()) for kind in KINDS]
)
def test_fast_stays_near_the_reference(kind):
    """The mean deviation from the blog's, in grey levels of 256."""
    make, form, bound = KINDS[kind]
    photo = encoded(make(), form)
    difference = np.abs(geonb.preprocess(photo) - geonb.preprocess(photo, "blog"))
    assert difference.mean() <= bound


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
@pytest.mark.parametrize("method", ["fast", "blog"])
def test_tiny_and_long_photos(size, method):
    batch = geonb.preprocess(encoded(plain((255, 255, 255), size)), method)
    assert batch.shape == (1, 3, 224, 224)
    assert batch[0, 0].min() == pytest.approx(256 - MEAN[0], abs=1e-3)
