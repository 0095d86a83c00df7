"""How often mini says that a photo is unlike all it has seen: of drawn scenes, and of photographs.

The scenes are by photographers whom no training saw; the photographs come with scikit-image.
"""

from pathlib import Path

from skimage import data

import geonb
from geonb_training.scenes import held_out

SCENES = 200
PHOTOGRAPHS = (
    "astronaut", "brick", "camera", "cell", "chelsea", "clock_motion", "coffee", "coins", "grass",
    "gravel", "hubble_deep_field", "ihc", "microaneurysms", "moon", "motorcycle_left",
    "motorcycle_right", "retina", "rocket",
)  # fmt: skip
"""All photographs among its pictures; the others are drawings, texts and patterns."""


def main() -> None:
    mini = geonb.load_model("mini")
    wrongly = sum(bool(geonb.predict(mini, scene.image).warning) for scene in held_out(SCENES))
    print(f"warned of {wrongly} of {SCENES} drawn scenes, which is wrong")
    folder, missed = Path(data.__file__).parent, []
    for name in PHOTOGRAPHS:
        (path,) = (p for p in folder.glob(f"{name}.*") if p.suffix in {".png", ".jpg"})
        if not geonb.predict(mini, path).warning:
            missed.append(name)
    print(f"warned of {len(PHOTOGRAPHS) - len(missed)} of {len(PHOTOGRAPHS)} photographs")
    print(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
