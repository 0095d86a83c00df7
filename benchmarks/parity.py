"""Compare geonb's GeoCLIP with its authors' own on torch: ``make parity``.

A CLIP of full size with random weights, GeoCLIP's real heads and its 100,000 places, 24 pictures:
the five best places must be the same, and every probability within 1e-4. It then makes the answers
of a small CLIP anew, which the tests compare with geonb; ``--write`` stores them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import geonb
from geonb.network.geoclip import pip_folder, read_gallery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))
REFERENCE = TESTS / "data/geoclip_reference.json"
WITHIN = 1e-4
_CHUNK = 4096


class Authors:
    """GeoCLIP 1.3.0 on torch, with its places embedded once and not at every call."""

    def __init__(self, folder: Path, places: NDArray[np.float64] | None = None) -> None:
        import torch
        from geoclip import GeoCLIP

        self.torch, self.model = torch, GeoCLIP(clip_path=str(folder)).eval()
        if places is not None:
            self.model.gps_gallery = torch.tensor(places, dtype=torch.float32)
        gallery = self.model.gps_gallery
        self.places = read_gallery(pip_folder()) if places is None else places  # float64
        assert np.allclose(self.places, gallery.numpy(), atol=1e-4), "another order of places"
        with torch.no_grad():
            chunks = [
                self.model.location_encoder(gallery[i : i + _CHUNK])
                for i in range(0, len(gallery), _CHUNK)
            ]
            self.known = torch.nn.functional.normalize(torch.cat(chunks), dim=1)

    def probabilities(self, path: Path) -> NDArray[np.float64]:
        """What `GeoCLIP.predict` works out before it sorts, (places,)."""
        from PIL import Image

        model = self.model
        with Image.open(path) as image, self.torch.no_grad():
            pixels = model.image_encoder.preprocess_image(image.convert("RGB"))
            seen = self.torch.nn.functional.normalize(model.image_encoder(pixels), dim=1)
            logits = model.logit_scale.exp() * seen @ self.known.T
            return logits.softmax(dim=1)[0].double().numpy()


def by_place(points: NDArray[np.float64], probabilities: NDArray[Any]) -> tuple[Any, Any]:
    """The distinct places, to 4 decimals, and the probability of each: lists repeat some."""
    places, which = np.unique(points.round(4), axis=0, return_inverse=True)
    return places, np.bincount(which.ravel(), probabilities, len(places))


def compare(folder: Path, pictures: Iterable[Path]) -> bool:
    """Print a line per picture; whether all of them agree."""
    model, authors = geonb.load_model(folder), Authors(folder)
    print(f"{len(authors.places):,} places, of which {len(model.cells):,} are distinct")
    print("| picture | same top 5 | widest difference | best probability |\n|---|---|--:|--:|")
    same, widest = [], []
    for path in pictures:
        places, theirs = by_place(authors.places, authors.probabilities(path))
        own_places, ours = by_place(model.cells.places, model.probabilities(path)[0])
        assert np.array_equal(places, own_places), "the two have other places"
        best = [np.argsort(-p, kind="stable")[:5].tolist() for p in (theirs, ours)]
        same.append(best[0] == best[1])
        widest.append(np.abs(theirs - ours).max())
        row = f"| {path.stem} | {'yes' if same[-1] else 'NO'} | {widest[-1]:.1e} |"
        print(row, f"{theirs.max():.4f} |", flush=True)
    print(f"\nsame top 5: {sum(same)} of {len(same)}; widest difference: {max(widest):.1e}")
    first = authors.model.predict(str(path), 1)
    print(f"GeoCLIP.predict for the last: {float(first[1][0]):.6f} at {first[0][0].tolist()}")
    return all(same) and max(widest) <= WITHIN


def reference(folder: Path, pictures: Iterable[Path], places: NDArray[np.float64]) -> Any:
    """The authors' answers of a small CLIP: of each picture the five best places."""
    import torch
    import transformers

    authors = Authors(folder, places)
    answers = {}
    for path in pictures:
        found = authors.probabilities(path)
        best = np.argsort(-found, kind="stable")[:5]
        answers[path.stem] = {"best": best.tolist(), "probabilities": found[best].round(7).tolist()}
    versions = f"geoclip 1.3.0, torch {torch.__version__}, transformers {transformers.__version__}"
    return {"made with": versions, "places": len(places), "answers": answers}


def main() -> None:
    from support.geoclip_files import FULL_SIZE
    from support.geoclip_parity import REDUCED, some_places, write_clip, write_pictures

    warnings.filterwarnings("ignore", module="transformers")
    size = {name: FULL_SIZE[name] for name in REDUCED}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("GEONB_CACHE", f"{folder}/cache")
        pictures = write_pictures(folder)
        small = write_clip(folder / "small", REDUCED)
        made = reference(small, pictures, some_places())
        if "--write" in sys.argv:
            REFERENCE.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        stored = json.loads(REFERENCE.read_text(encoding="utf-8"))["answers"]
        apart = [
            np.abs(np.subtract(a["probabilities"], made["answers"][picture]["probabilities"])).max()
            for picture, a in stored.items()
        ]
        print(f"{made['made with']}; stored answers of the small CLIP: {max(apart):.1e} apart")
        good = compare(write_clip(folder / "full", size), pictures)
    sys.exit(0 if good and max(apart) <= WITHIN else "geonb and torch differ")


if __name__ == "__main__":
    main()
