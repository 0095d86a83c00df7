"""CLIP's recipe: against Pillow's own resize and crop, and the fast path against the exact one."""

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.network.geoclip import CLIP_RECIPE
from support.kinds import KINDS, encoded, natural, plain

MEAN = np.array([0.48145466, 0.4578275, 0.40821073])[:, None, None]
DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711])[:, None, None]
# Mean deviation of the fast path from the exact one, in grey levels of 256; below 896 pixels none.
BOUNDS = {
    "photo, 12 megapixels": 0.5,
    "photo, 12 megapixels, PNG": 1.0,
    "line drawing": 2.0,
    "white noise": 2.5,
}


def clip(image):
    """CLIPImageProcessor in Pillow's words: resize the whole photo, then cut the middle."""
    width, height = image.size
    short = min(width, height)
    size = (int(224 * width / short), int(224 * height / short))
    resized = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    return np.asarray(resized)[top : top + 224, left : left + 224]


def levels(batch):
    """Grey levels of 256, (224, 224, 3), of a prepared photo."""
    return ((batch[0] * DEVIATION + MEAN) * 255).transpose(1, 2, 0)


@pytest.mark.parametrize(
    "size", [(640, 480), (480, 640), (333, 500), (481, 1203), (100, 90), (224, 224), (2400, 225)]
)
def test_it_is_what_clip_sees_to_the_bit(size):
    """Portraits too: Pillow goes down before it goes along where that is less work."""
    image = natural(size)
    seen = np.rint(levels(geonb.preprocess(image, "blog", CLIP_RECIPE)))
    assert (seen == clip(image)).all()


def test_a_ribbon_needs_no_more_memory_than_its_middle():
    image = natural((9000, 30))  # 67,200 pixels long at a height of 224
    seen = levels(geonb.preprocess(image, "blog", CLIP_RECIPE))
    assert np.abs(seen - clip(image)).mean() < 0.2


@pytest.mark.parametrize("method", ["fast", "blog"])
def test_the_recipe_in_numbers(method):
    batch = geonb.preprocess(plain((255, 0, 0)), method, CLIP_RECIPE)
    expected = (np.array([1, 0, 0])[:, None, None] - MEAN) / DEVIATION
    assert batch.shape == (1, 3, 224, 224)
    assert batch.dtype == np.float32
    assert batch[0] == pytest.approx(np.broadcast_to(expected, (3, 224, 224)), abs=1e-5)


LARGE = pytest.mark.slow  # the reference takes its time over 12 megapixels


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=LARGE if "megapixels" in kind else ()) for kind in KINDS]
)
def test_fast_stays_near_the_exact_one(kind):
    make, form, _ = KINDS[kind]
    photo = encoded(make(), form)
    fast, exact = (geonb.preprocess(photo, m, CLIP_RECIPE) for m in ("fast", "blog"))
    assert np.abs(levels(fast) - levels(exact)).mean() <= BOUNDS.get(kind, 0)


def test_the_edge_is_not_shifted():
    """A photo of an odd size that is decoded eight times smaller: its middle stays its middle."""
    image = plain("black", (3999, 3001))
    image.paste((255, 255, 255), (1999, 0, 3999, 3001))
    fast, exact = (
        levels(geonb.preprocess(encoded(image, "JPEG"), m, CLIP_RECIPE)) for m in ("fast", "blog")
    )
    assert np.abs(fast - exact).max() < 12
