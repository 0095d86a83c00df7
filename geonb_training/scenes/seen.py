"""Write what mini's answers to drawn scenes have in common: ``… scenes.seen geonb/data/mini``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from geonb.familiar import SEEN_FILE, Seen
from geonb.model import load_model
from geonb_training.scenes.scene import draw, shoot

_SCENES, _AXES = 2000, 48
_KNOWN = 99.5
"""Per cent of the training's scenes that are familiar. On other scenes, and on real photos, it is
measured in tests/project/test_mini.py."""


def write_seen(folder: Path) -> None:
    """Write the middle and the axes of mini's answers to scenes of its training, and the limit."""
    model = load_model("mini")
    answers = np.concatenate([model.probabilities(draw(shoot(i)).image) for i in range(_SCENES)])
    logs = np.log(np.maximum(answers.astype(np.float64), 1e-30))
    logs -= logs.mean(axis=1, keepdims=True)
    middle = logs.mean(axis=0).astype(np.float32)
    _, axes = np.linalg.eigh(np.cov(logs.T))
    axes = axes[:, : -_AXES - 1 : -1].astype(np.float16)
    known = Seen(middle.astype(np.float64), axes.astype(np.float64), 0.0)
    limit = np.percentile(known.distance(answers), _KNOWN)
    np.savez(folder / SEEN_FILE, middle=middle, axes=axes, limit=limit.astype(np.float32))


if __name__ == "__main__":
    write_seen(Path(sys.argv[1]))
