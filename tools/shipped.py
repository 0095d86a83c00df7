"""Make what geonb ships of drawn scenes: ``python tools/shipped.py geonb/data [FILE]``.

The example photos, what mini's answers to scenes have in common (``seen.npz``), and, if FILE is
given, the sheet of scenes that int8 calibrates with.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from geonb.model import load_model
from geonb.photos.photo import open_photo
from geonb.photos.squares import fast_square
from geonb_training.scenes import draw, held_out, shoot
from geonb_training.scenes.sets import EXAMPLES, example_shot

SCENES, AXES = 2000, 48
KNOWN = 99.5
"""Per cent of the training's scenes that are familiar; benchmarks/strange.py measures other scenes
and photographs."""
COLUMNS, SIDE = 6, 224


def write_examples(folder: Path) -> None:
    """Write the example photos."""
    for name in EXAMPLES:
        file = "example.jpg" if name == "tokyo" else f"{name}.jpg"
        draw(example_shot(name)).save(folder / file)


def write_seen(path: Path) -> None:
    """Write the plane near which mini's answers to scenes of its training lie, and the limit."""
    model = load_model("mini")
    answers = np.concatenate([model.probabilities(draw(shoot(i)).image) for i in range(SCENES)])
    logs = np.log(np.maximum(answers.astype(np.float64), 1e-30))
    logs -= logs.mean(axis=1, keepdims=True)
    middle = logs.mean(axis=0).astype(np.float32)
    axes = np.linalg.eigh(np.cov(logs.T))[1][:, : -AXES - 1 : -1].astype(np.float16)
    off = logs - middle
    distances = np.linalg.norm(off - off @ axes.astype(float) @ axes.T.astype(float), axis=1)
    limit = np.percentile(distances, KNOWN).astype(np.float32)
    np.savez(path, middle=middle, axes=axes, limit=limit)


def sheet() -> Image.Image:
    """Held-out scenes as the network sees them, row by row."""
    picture = Image.new("RGB", (COLUMNS * SIDE, COLUMNS * SIDE))
    for number, scene in enumerate(held_out(COLUMNS**2)):
        square = np.rint(fast_square(open_photo(scene.image), SIDE) * 255).astype(np.uint8)
        row, column = divmod(number, COLUMNS)
        picture.paste(Image.fromarray(square), (column * SIDE, row * SIDE))
    return picture


if __name__ == "__main__":
    folder, *more = map(Path, sys.argv[1:])
    write_examples(folder)
    write_seen(folder / "mini" / "seen.npz")
    for path in more:
        sheet().save(path, quality=50, method=6)
