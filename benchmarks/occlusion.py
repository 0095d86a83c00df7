"""An occlusion map of mini in under 10 seconds."""

from __future__ import annotations

import sys
import time

import geonb
from geonb_lab.occlusion import occlude
from geonb_training.scenes import draw, shoot

LIMIT_S = 10.0


def main() -> None:
    model, photo = geonb.load_model("mini"), draw(shoot(3, "test")).image
    start = time.perf_counter()
    result = occlude(model, photo)
    seconds = time.perf_counter() - start
    print(f"occlusion: {result.drops.size} patches in {seconds:.1f} s (limit {LIMIT_S:g})")
    if seconds > LIMIT_S:
        sys.exit("over the limit")


if __name__ == "__main__":
    main()
