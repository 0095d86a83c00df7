"""Compare geonb's GeoCLIP with its authors' own on torch, at full size: ``make bench-geoclip``.

CLIP's weights are random: speed does not depend on them. GeoCLIP's places and heads are the real
ones. Each row is a process of its own that locates one photo from a file; the rows take turns, so
that a busy machine slows all of them down alike. ``--rounds 1`` is quicker.
"""

from __future__ import annotations

import argparse
import json
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
import warnings
warnings.filterwarnings("ignore")
import torch
from geoclip import GeoCLIP
model = GeoCLIP(clip_path=folder).eval()
def locate():
    return model.predict(photo, 5)
locate()
pixels = torch.zeros(1, 3, 224, 224)
def forward():
    with torch.no_grad():
        return model.image_encoder(pixels)
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
TIMES = """
import json, os, time
def quickest(call, times):
    took = []
    for _ in range(times):
        before = time.perf_counter()
        call()
        took.append(time.perf_counter() - before)
    return min(took)
first = time.time() - started
found = {"first_s": first, "photo_s": quickest(locate, photos), "network_s": quickest(forward, 5)}
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
found["anonymous_mb"] = int(status["RssAnon"].split()[0]) / 1024
print(json.dumps(found))
"""
WANTED = [
    ("photo_s", "float32", "torch", "one photo, warm, file to top 5, times faster", 12, 17),
    ("network_s", "float32", "torch", "the network alone, times faster", 1.0, 1.25),
    ("network_s", "int8", "float32", "int8 against float32, times faster", 2.5, 3.3),
    ("first_s", "float32", "torch", "start to first answer, gallery cached, times faster", 12, 20),
    ("anonymous_mb", "float32", "torch", "anonymous memory, share of torch's", 0.3, 0.2),
]
CLIP_MB, INT8_MB = 1710.5, 307 + 37.8 + 2
"""What the backbone's file has, and GeoCLIP's quantised ONNX files with its places."""


def measure(row: str, folder: Path, photo: Path) -> dict[str, float]:
    """Run one row in a process of its own."""
    names = {"folder": str(folder), "photo": str(photo), "precision": row}
    names["photos"] = 1 if row == "torch" else 5  # torch embeds its places at every call
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    code = TORCH if row == "torch" else GEONB
    answer = subprocess.run(  # noqa: S603 - the program above
        [sys.executable, "-c", f"started = {time.time()!r}\n{head}{code}{TIMES}"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    if answer.returncode:
        sys.exit(answer.stderr or f"{row} ended with {answer.returncode}")
    return json.loads(answer.stdout.splitlines()[-1])


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
    from geoclip_files import FULL_SIZE, clip_tensors, mlp_tensors, write_int8, write_vision
    from geoclip_parity import REDUCED, write_clip
    from PIL import Image
    from transformers import CLIPConfig, CLIPModel

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
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        os.environ.setdefault("GEONB_CACHE", f"{name}/cache")
        folders, photo = prepare(Path(name))
        for row in ("float32", "int8"):
            made = measure(row, folders[row], photo)
            print(f"{row}, the first time, places embedded: {made['first_s']:.1f} s", flush=True)
        runs: dict[str, list[dict[str, float]]] = {row: [] for row in folders}
        for _ in range(rounds):
            for row, done in runs.items():
                done.append(measure(row, folders[row], photo))
    report(runs)


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
