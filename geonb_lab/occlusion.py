"""What did it look at? Cover a patch of the photo, and see how the answer's probability falls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geonb.errors import ModelError, printable
from geonb.model import BATCH, Model
from geonb.photos.photo import Photo, PhotoSource, open_photo
from geonb.photos.squares import Resize, square_maker
from geonb.preprocessing import preprocess
from geonb.shown.pictures import Picture, styled
from geonb.shown.sheets import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True, eq=False)
class Occlusion:
    """How much the answer depends on each part of a photo.

    Attributes:
        photo: The photo that was asked about.
        model: The model's name.
        token: S2 token of the cell that the model answers for the whole photo.
        probability: The cell's probability with nothing covered, 0 to 1.
        drops: By how much it falls with a patch covered, (rows, columns); below 0 if it rises.
        boxes: Those patches, (rows, columns, 4): left, top, right, bottom in pixels of the square
            that the network sees.
        side: Pixels on each side of that square.
        resize: How the photo was shrunk to it; see `Recipe`.
    """

    photo: Photo
    model: str
    token: str
    probability: float
    drops: NDArray[np.float64]
    boxes: NDArray[np.intp]
    side: int
    resize: Resize = "gaussian"

    @property
    def strongest(self) -> Box:
        """The patch without which the probability falls most, in the network's square."""
        return tuple(self.boxes.reshape(-1, 4)[np.argmax(self.drops)].tolist())

    def heat(self) -> NDArray[np.float64]:
        """The mean drop of all patches that cover each pixel, (side, side)."""
        total, count = np.zeros((self.side, self.side)), np.zeros((self.side, self.side))
        boxes = self.boxes.reshape(-1, 4)
        for drop, (left, top, right, bottom) in zip(self.drops.ravel(), boxes, strict=True):
            total[top:bottom, left:right] += drop
            count[top:bottom, left:right] += 1
        return total / count

    def __repr__(self) -> str:
        left, top, right, bottom = self.strongest
        covered = self.probability - float(self.drops.max())
        return (
            f"<Occlusion of {printable(self.photo.name)}, model {self.model}: cell {self.token} "
            f"has {percent(self.probability)}, and {percent(covered)} with the patch from "
            f"({left}, {top}) to ({right}, {bottom}) of {self.side} pixels covered>"
        )

    def _repr_html_(self) -> str:
        words = repr(self)[1:-1]
        return Picture(self.figure, words, html=styled(f"<p>{escape(words)}.</p>"))._repr_html_()

    def figure(self) -> Figure:
        """The square that the network saw, and over it where the answer comes from."""
        from matplotlib.figure import Figure

        canvas = Figure(figsize=(8.4, 4.0), layout="constrained")
        plain, heated = canvas.subplots(1, 2)
        square = square_maker(self.resize, "fast")(self.photo, self.side)
        heat, reach = self.heat(), max(float(np.abs(self.drops).max()), 1e-9)
        plain.imshow(square)
        plain.set_title("what the network sees", fontsize=10)
        heated.imshow(square.mean(axis=2), cmap="gray")
        shown = heated.imshow(heat, cmap="RdBu_r", alpha=0.6, vmin=-reach, vmax=reach)
        title = f"how much of the {percent(self.probability)} is lost when this is covered"
        heated.set_title(title, fontsize=10)
        canvas.colorbar(shown, ax=heated, shrink=0.85)
        for axes in (plain, heated):
            axes.set_axis_off()
        return canvas


def occlude(model: Model, photo: PhotoSource, patch: int = 32, stride: int = 16) -> Occlusion:
    """Slide a grey ``patch`` over the photo, ``stride`` pixels a step, and ask again each time.

    Both are in pixels of the square that the network sees (224). Grey is the training photos'
    mean colour. Source: Zeiler and Fergus, "Visualizing and Understanding Convolutional
    Networks", ECCV 2014, section 4.2. Raises `PhotoError`, `ModelError`.
    """
    photo, side = open_photo(photo), model.recipe.side
    if not (1 <= patch <= side and 1 <= stride <= patch):
        raise ModelError(
            f"patch is 1 to {side} pixels and stride 1 to patch; got patch={patch}, stride={stride}"
        )
    starts = np.unique([*range(0, side - patch, stride), side - patch])
    tops, lefts = np.meshgrid(starts, starts, indexing="ij")
    boxes = np.stack([lefts, tops, lefts + patch, tops + patch], axis=-1)
    best, whole, drops = _drops(model, photo, boxes.reshape(-1, 4), progress=True)
    return Occlusion(
        photo, model.name, model.cells.tokens[best], whole, drops.reshape(tops.shape), boxes,
        side, model.recipe.resize,
    )  # fmt: skip


def occlude_boxes(model: Model, photo: PhotoSource, boxes: Iterable[Box]) -> NDArray[np.float64]:
    """By how much the answer's probability falls with each of N ``boxes`` covered, (N,).

    A box is left, top, right, bottom in the photo's own pixels, upright; the network doesn't see
    what lies outside the middle square anyway. Raises `PhotoError`, `ModelError`.
    """
    photo, listed = open_photo(photo), list(boxes)
    if any(len(box) != 4 for box in listed):
        raise ModelError("a box is left, top, right, bottom in pixels; give a list of such boxes")
    width, height = photo.size
    short, side = min(photo.size), model.recipe.side
    corner = np.array([(width - short) // 2, (height - short) // 2] * 2)
    scaled = (np.array(listed, float).reshape(-1, 4) - corner) * side / short
    squares = np.clip(np.rint(scaled), 0, side).astype(np.intp)
    return _drops(model, photo, squares)[2]


def _drops(
    model: Model, photo: Photo, boxes: NDArray[np.intp], *, progress: bool = False
) -> tuple[int, float, NDArray[np.float64]]:
    """The most probable cell, its probability, and how it falls with each box (N, 4) covered."""
    from tqdm.auto import tqdm

    data = preprocess(photo, recipe=model.recipe)  # (1, 3, side, side)
    probabilities = model.run(data)[0]
    best = int(probabilities.argmax())
    whole, left = float(probabilities[best]), np.empty(len(boxes))
    starts = range(0, len(boxes), BATCH)
    for first in tqdm(starts, "covering", leave=False, delay=1, disable=not progress):
        some = boxes[first : first + BATCH]
        batch = np.repeat(data, len(some), axis=0)
        for picture, (west, north, east, south) in zip(batch, some.tolist(), strict=True):
            picture[:, north:south, west:east] = 0.0  # the mean colour, which is subtracted
        left[first : first + BATCH] = model.run(batch)[:, best]
    return best, whole, whole - left
