"""What GeoCLIP on torch and GeoCLIP on geonb are compared with: a CLIP, places, pictures.

CLIP's weights are random, so this compares arithmetic, and says nothing about accuracy. GeoCLIP's
own heads and places are the real ones, from pip's ``geoclip``.
"""

import json

import numpy as np
from PIL import Image

from geonb.network.geoclip import CLIP_RECIPE, pip_folder, read_gallery
from geonb_training.scenes import draw, shoot
from support.geoclip_files import SMALL, clip_tensors, write_safetensors

REDUCED = SMALL | {"inside": 768}
"""A CLIP of two layers that GeoCLIP's real heads fit on."""
SIZES = (
    *((224, 224), (225, 226), (320, 240), (240, 320), (640, 480), (500, 333), (333, 500)),
    *((1000, 300), (300, 1000), (180, 120), (800, 600), (1200, 800)),
)
PICTURES = 24


def write_clip(folder, size, text=()):
    """A CLIP as transformers reads it; ``text`` are the names and shapes of its other tensors."""
    folder.mkdir(parents=True, exist_ok=True)
    vision = {
        "hidden_size": size["width"],
        "intermediate_size": 4 * size["width"],
        "num_hidden_layers": size["layers"],
        "num_attention_heads": size["width"] // 64,
        "patch_size": size["patch"],
        "projection_dim": size["inside"],
    }
    words = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
    words |= {"num_hidden_layers": 12 if text else 1}
    config = {"architectures": ["CLIPModel"], "model_type": "clip"}
    config |= {"projection_dim": size["inside"], "vision_config": vision, "text_config": words}
    (folder / "config.json").write_text(json.dumps(config))
    recipe = {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 224},
        "crop_size": {"height": 224, "width": 224},
        "resample": 3,
        "image_mean": CLIP_RECIPE.mean,
        "image_std": CLIP_RECIPE.deviation,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(recipe))

    def tensors():
        yield from clip_tensors(**size)
        for name, shape in text:
            yield name, np.zeros(shape, "<f4")

    write_safetensors(folder / "model.safetensors", tensors)
    return folder


def some_places(count=2000):
    """So many of GeoCLIP's own places, each once, (count, 2) degrees."""
    points = read_gallery(pip_folder())
    return np.unique(points[::7].round(4), axis=0)[::6][:count]


def write_pictures(folder):
    """Drawn scenes and noise, in many sizes and shapes, as PNG: the paths."""
    rng, paths = np.random.default_rng(7), []
    for number in range(PICTURES):
        size = SIZES[number % len(SIZES)]
        image = draw(shoot(number)).image.resize(size, Image.Resampling.BILINEAR)
        if number % 4 == 3:
            grain = rng.integers(0, 256, (size[1] // 8 + 1, size[0] // 8 + 1, 3), np.uint8)
            image = Image.blend(image, Image.fromarray(grain).resize(size), 0.6)
        if number % 7 == 6:
            image = image.convert("L")
        paths.append(folder / f"{number:02}-{size[0]}x{size[1]}.png")
        image.save(paths[-1])
    return paths
