"""The recipe in numbers; photos/test_squares.py has the square that it is used on."""

import numpy as np
import pytest

import geonb
from geonb.preprocessing import RECIPE
from support.kinds import encoded, plain

MEAN = np.array([123.68, 116.779, 103.939])


@pytest.mark.parametrize("method", ["fast", "blog"])
def test_the_recipe_in_numbers(method):
    """White is 256, black 0; the mean goes off; red is the first channel."""
    batch = geonb.preprocess(encoded(plain((255, 0, 0))), method)
    assert batch.shape == (1, 3, 224, 224)
    assert batch.dtype == np.float32
    assert batch[0].mean(axis=(1, 2)) == pytest.approx(
        [256 - MEAN[0], -MEAN[1], -MEAN[2]], abs=1e-3
    )


def test_a_list_makes_a_batch():
    photos = [encoded(plain("black")), encoded(plain("white"))]
    batch = geonb.preprocess(photos)
    assert batch.shape == (2, 3, 224, 224)
    assert batch[1] == pytest.approx(geonb.preprocess(photos[1])[0])
    assert RECIPE.mean == pytest.approx(MEAN)


def test_an_unknown_method_is_said():
    with pytest.raises(ValueError, match="fast"):
        geonb.preprocess(plain("black"), "quick")
