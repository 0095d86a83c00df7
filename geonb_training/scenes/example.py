"""Draw the shipped example photos: ``python -m geonb_training.scenes.example FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from geonb_training.scenes.scene import draw
from geonb_training.scenes.sets import EXAMPLES, example_shot

if __name__ == "__main__":
    for name in EXAMPLES:
        file = "example.jpg" if name == "tokyo" else f"{name}.jpg"
        draw(example_shot(name)).save(Path(sys.argv[1], file))
