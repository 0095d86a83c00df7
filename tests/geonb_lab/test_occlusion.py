"""Occlusion: on drawn scenes it is known where the clues are."""

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.errors import ModelError
from geonb_lab.occlusion import occlude, occlude_boxes
from geonb_training.scenes import draw, shoot
from support.places import from_tokens


@pytest.fixture(scope="module")
def mini():
    return geonb.load_model("mini")


@pytest.mark.newest
def test_covering_a_clue_moves_the_answer_more_than_covering_sky(mini):
    falls = []
    for number in range(24):
        scene = draw(shoot(number, "test", seed=7))
        for clue in ("landmark", "centre line", "warning sign"):
            if clue in scene.clues:
                left, top, right, bottom = scene.clues[clue]
                half = (right - left) * (bottom - top) / 30 / 2  # as large, and above the houses
                sky = (160 - half, 0, 160 + half, 30)
                falls.append(occlude_boxes(mini, scene.image, [scene.clues[clue], sky]))
    of_clue, of_sky = np.mean(falls, axis=0)
    assert len(falls) > 30
    assert of_clue > max(0.03, 2 * of_sky)


@pytest.mark.newest
def test_the_map_is_the_drops_of_its_patches(mini):
    scene = draw(shoot(3, "test", seed=7))
    result = occlude(mini, scene.image, patch=56, stride=28)
    assert result.drops.shape == (7, 7)
    assert result.boxes[-1, -1].tolist() == [168, 168, 224, 224]
    answer = geonb.predict(mini, scene.image)[0]
    assert (result.token, result.probability) == (answer.token, pytest.approx(answer.probability))
    # the photo is 320 x 240: its square begins at x = 40, and is 240/224 times as large
    box = [
        round(v * 240 / 224 + shift) for v, shift in zip(result.strongest, (40, 0) * 2, strict=True)
    ]
    assert occlude_boxes(mini, scene.image, [box])[0] == pytest.approx(result.drops.max(), abs=0.05)
    assert result.heat().shape == (224, 224)
    assert result.drops.min() <= result.heat().min() <= result.heat().max() <= result.drops.max()


class Bright:
    """A network that only looks at the brightness of the top left corner."""

    classes = 2

    def probabilities(self, batch):
        bright = (batch[:, :, :50, :50].mean(axis=(1, 2, 3)) > 10).astype(np.float32)
        return np.stack([0.2 + 0.6 * bright, 0.8 - 0.6 * bright], axis=1)


@pytest.fixture
def bright():
    from geonb.earth.cells import Cells
    from geonb.model import Model
    from geonb.preprocessing import RECIPE

    cells = Cells(from_tokens(["1", "3"]), np.zeros((2, 2)))
    return Model("bright", "onnxruntime", cells, RECIPE, None, Bright())


def test_the_map_shows_what_the_network_looks_at(bright):
    photo = Image.new("RGB", (448, 448), "white")
    result = occlude(bright, photo, patch=64, stride=32)
    assert result.strongest == (0, 0, 64, 64)
    assert result.probability == pytest.approx(0.8)
    assert result.drops.max() == pytest.approx(0.6)
    assert result.heat()[150:, 150:].max() == 0
    assert occlude_boxes(bright, photo, [(0, 0, 120, 120), (200, 200, 448, 448)]) == pytest.approx(
        [0.6, 0]
    )
    assert "80%, and 20% with the patch from (0, 0) to (64, 64)" in repr(result)
    html = result._repr_html_()
    assert '<img alt="Occlusion of' in html
    assert "(0, 0) to (64, 64) of 224 pixels covered.</p>" in html
    assert len(result.figure().axes) == 3


def test_no_boxes_and_boxes_that_are_none(bright):
    photo = Image.new("RGB", (448, 448), "white")
    assert occlude_boxes(bright, photo, []).shape == (0,)
    with pytest.raises(ModelError, match="a box is left, top, right, bottom"):
        occlude_boxes(bright, photo, [(0, 0, 120)])


@pytest.mark.parametrize(("patch", "stride"), [(0, 1), (225, 1), (32, 33), (32, 0)])
def test_patches_that_cannot_be(bright, patch, stride):
    with pytest.raises(ModelError, match="patch is 1 to 224"):
        occlude(bright, Image.new("RGB", (50, 50)), patch, stride)


def test_the_edge_is_covered_whatever_the_stride(bright):
    result = occlude(bright, Image.new("RGB", (50, 50)), patch=100, stride=90)
    assert result.boxes.max() == 224
    assert np.isfinite(result.heat()).all()
