"""Compare geonb's GeoCLIP with its authors' own on torch, at full size: ``make bench-geoclip``.

CLIP's weights are random: speed does not depend on them. GeoCLIP's places and heads are the real
ones. Each row is a process of its own that locates one photo from a file. All of them stay open
and take turns photo by photo, so that a busy machine slows them down alike; the seconds are the
medians of a round. The network alone is what geonb's engine does, from pixels to probabilities,
with the places embedded before. ``--rounds 1`` is quicker.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

TORCH = """
import functools, warnings
warnings.filterwarnings("ignore")
import torch
from geoclip import GeoCLIP
model = GeoCLIP(clip_path=folder).eval()
def locate():
    return model.predict(photo, 5)
locate()
pixels = torch.zeros(1, 3, 224, 224)
unit = functools.partial(torch.nn.functional.normalize, dim=1)
@functools.cache
def places():
    return unit(model.location_encoder(model.gps_gallery)).t()
@torch.no_grad()
def forward():
    logits = model.logit_scale.exp() * unit(model.image_encoder(pixels)) @ places()
    return logits.softmax(dim=1)
"""
GEONB = """
import geonb, numpy as np
model = geonb.load_model(folder, precision=precision)
def locate():
    return geonb.predict(model, photo)
locate()
pixels = np.zeros((1, 3, 224, 224), np.float32)
def forward():
    return model.network.probabilities(pixels)
"""
TURNS = """
import sys, time
print(time.time() - started, flush=True)
for line in sys.stdin:
    call = {"photo": locate, "network": forward}[line.strip()]
    before = time.perf_counter()
    call()
    print(time.perf_counter() - before, flush=True)
"""
NETWORK_TURNS, PHOTO_TURNS = 15, {"torch": 1, "float32": 3, "int8": 3}
"""How often a round times each; torch embeds its places at every photo, which takes long."""
WANTED = [
    ("photo_s", "float32", "torch", "one photo, warm, file to top 5, times faster", 12, 17),
    ("network_s", "float32", "torch", "the network alone, times faster", 0.95, 1.0),
    ("network_s", "int8", "float32", "int8 against float32, times faster", 2.5, 3.3),
    ("first_s", "float32", "torch", "start to first answer, gallery cached, times faster", 12, 20),
    ("anonymous_mb", "float32", "torch", "anonymous memory, share of torch's", 0.3, 0.2),
]
CLIP_MB, INT8_MB = 1710.5, 307 + 37.8 + 2
"""What the backbone's file has, and GeoCLIP's quantised ONNX files with its places."""


class Row:
    """A process that has given its first answer, and then does what it is told, and times it."""

    def __init__(self, row: str, folder: Path, photo: Path) -> None:
        names = {"folder": str(folder), "photo": str(photo), "precision": row}
        head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
        code = TORCH if row == "torch" else GEONB
        self.said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self.process = subprocess.Popen(  # noqa: S603 - the program above
            [sys.executable, "-c", f"started = {time.time()!r}\n{head}{code}{TURNS}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            text=True,
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
        )
        self.name, self.first_s = row, self._took()

    def time(self, what: str) -> float:
        """Seconds for one ``photo`` or one ``network``."""
        print(what, file=self.process.stdin, flush=True)
        return self._took()

    def end(self) -> float:
        """Stop the process; the megabytes of memory that were its own."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        self.process.communicate()
        return int(re.findall(r"RssAnon:\s*(\d+)", status)[0]) / 1024

    def _took(self) -> float:
        if not (line := self.process.stdout.readline()):
            self.said.seek(0)
            sys.exit(self.said.read() or f"{self.name} ended with {self.process.wait()}")
        return float(line)


def one_round(folders: dict[str, Path], photo: Path) -> dict[str, dict[str, float]]:
    """Time every row: they start one after the other, and then take turns, photo by photo."""
    rows = [Row(row, folder, photo) for row, folder in folders.items()]
    for row in rows:
        row.time("network")  # torch embeds its places
    network = [[row.time("network") for row in rows] for _ in range(NETWORK_TURNS)]
    photos = [[row.time("photo") for _ in range(PHOTO_TURNS[row.name])] for row in rows]
    return {
        row.name: {
            "first_s": row.first_s,
            "photo_s": statistics.median(photos[i]),
            "network_s": statistics.median(turn[i] for turn in network),
            "anonymous_mb": row.end(),
        }
        for i, row in enumerate(rows)
    }


def installed_mb(name: str, seen: set[str]) -> float:
    """What a package and all that it needs take on the disk; what isn't installed counts 0."""
    if name in seen:
        return 0.0
    seen.add(name)
    try:
        package = distribution(name)
    except PackageNotFoundError:
        return 0.0
    total = sum(p.stat().st_size for f in package.files or () if (p := Path(f.locate())).is_file())
    needed = [line for line in package.requires or () if "extra ==" not in line]
    names = [re.match(r"[\w.-]+", line)[0].lower().replace("_", "-") for line in needed]  # type: ignore[index]
    return total / 1e6 + sum(installed_mb(other, seen) for other in names)


def prepare(folder: Path) -> tuple[dict[str, Path], Path]:
    """The folders of the rows, and the photo: 12 megapixels as a phone saves them."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import torch
    from PIL import Image
    from transformers import CLIPConfig, CLIPModel

    from support.geoclip_files import FULL_SIZE, clip_tensors, mlp_tensors, write_int8, write_vision
    from support.geoclip_parity import REDUCED, write_clip

    size = {name: FULL_SIZE[name] for name in REDUCED}
    words = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}
    with torch.device("meta"):  # for the names and shapes alone
        names = CLIPModel(CLIPConfig(projection_dim=768, text_config=words)).state_dict()
    text = [(n, tuple(t.shape)) for n, t in names.items() if n.startswith(("text", "logit"))]
    clip = write_clip(folder / "clip", size, text)
    vision = folder / "onnx" / "vision_model.onnx"
    write_vision(vision, dict(clip_tensors(**size)), mlp_tensors(size["inside"]))
    write_int8(folder)
    vision.unlink()
    noise = Image.effect_noise((1000, 750), 60).convert("RGB")
    noise.resize((4000, 3000)).save(folder / "photo.jpg", quality=90)
    return {"torch": clip, "float32": clip, "int8": folder}, folder / "photo.jpg"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("GEONB_CACHE", f"{name}/cache")
        folders, photo = prepare(Path(name))
        for row in ("float32", "int8"):
            made = Row(row, folders[row], photo)
            print(f"{row}, the first time, places embedded: {made.first_s:.1f} s", flush=True)
            made.end()
        rounds = [one_round(folders, photo) for _ in range(chosen.rounds)]
    report({row: [found[row] for found in rounds] for row in folders})


def report(runs: dict[str, list[dict[str, float]]]) -> None:
    keys = ["first_s", "photo_s", "network_s", "anonymous_mb"]
    print(f"\n| | {' | '.join(keys)} |\n|---|--:|--:|--:|--:|")
    for row, done in runs.items():
        print(f"| {row} | {' | '.join(f'{min(run[key] for run in done):.3g}' for key in keys)} |")
    print("\n| | must | aim | best | median |\n|---|--:|--:|--:|--:|")
    for key, row, against, words, must, aim in WANTED:
        share = key == "anonymous_mb"
        pairs = list(zip(runs[row], runs[against], strict=True))
        ratios = [a[key] / b[key] if share else b[key] / a[key] for a, b in pairs]
        best, middle = min(ratios) if share else max(ratios), statistics.median(ratios)
        limit = f"{'≤' if share else '≥'} {must}"
        print(f"| {row}: {words} | {limit} | {aim} | {best:.2f} | {middle:.2f} |")
    ours, theirs = installed_mb("geonb", set()) + INT8_MB, installed_mb("geoclip", set()) + CLIP_MB
    words = f"int8: installed and downloaded, {ours:.0f} of {theirs:.0f} MB (torch without CUDA)"
    print(f"| {words} | ≤ 0.35 | 0.2 | {ours / theirs:.2f} | |")
    print(f"\nload average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
