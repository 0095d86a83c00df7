"""Compare geonb with the blog's MXNet recipe on a network of LocationNet's size, in one run.

The weights are random: what is measured does not depend on them. Every row is a process of its
own, which prepares and locates one photo, from process start to the first answer, then runs the
network alone. The rows take turns, so that a busy machine slows all of them down alike.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from geonb.network.sessions import cpu_limit

ROUNDS = 5
WARM = 15
"""Forward passes in each round; the quickest counts, as others only tell of the machine's load."""

BLOG = """
import mxnet as mx, numpy as np
from collections import namedtuple
from skimage import io, transform
Batch = namedtuple("Batch", ["data"])
sym, arg_params, aux_params = mx.model.load_checkpoint(prefix, 12)
mod = mx.mod.Module(symbol=sym, context=mx.cpu())
mod.bind([("data", (1, 3, 224, 224))], for_training=False)
mod.set_params(arg_params, aux_params, allow_missing=True)
img = io.imread(photo)
short = min(img.shape[:2])
yy, xx = (img.shape[0] - short) // 2, (img.shape[1] - short) // 2
sample = transform.resize(img[yy:yy + short, xx:xx + short], (224, 224)) * 256
sample = sample.transpose(2, 0, 1) - np.array([123.68, 116.779, 103.939]).reshape(3, 1, 1)
batch = Batch([mx.nd.array(sample[None])])
def forward():
    mod.forward(batch, is_train=False)
    return mod.get_outputs()[0].asnumpy()
forward()
"""
GEONB = """
import geonb, numpy as np
model = geonb.load_model(prefix, precision=precision)
geonb.predict(model, photo)
batch = np.zeros((1, 3, 224, 224), np.float32)
def forward():
    return model.network.probabilities(batch)
"""
TIMES = """
import json, os, resource, time
first = time.time() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
wall, cpu = [], []
for _ in range(warm):
    a, b = time.perf_counter(), time.process_time()
    forward()
    wall.append(time.perf_counter() - a)
    cpu.append(time.process_time() - b)
print(json.dumps({"first_s": first, "warm_ms": 1000 * min(wall), "cpu_ms": 1000 * min(cpu),
                  "peak_mb": max(peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}))
"""
MXNET, THREADED = "blog (MXNet)", "blog, OMP_NUM_THREADS set"
ROWS = {
    MXNET: (BLOG, ""),
    THREADED: (BLOG, ""),  # by itself, MXNet uses one thread a physical core
    "float32": (GEONB, "float32"),
    "int8": (GEONB, "int8"),
}
WANTED = [
    ("first_s", "float32", "start to first answer, times faster", 6.0, MXNET),
    ("warm_ms", "float32", "warm forward, times faster", 1.8, MXNET),
    ("warm_ms", "float32", "the same against MXNet on every processor", None, THREADED),
    ("peak_mb", "float32", "peak memory, share of MXNet's", 0.4, MXNET),
    ("warm_ms", "int8", "warm forward, times faster than float32", 1.5, "float32"),
    ("peak_mb", "int8", "peak memory, share of MXNet's", 0.2, MXNET),
]


def measure(row: str, prefix: str, photo: str) -> dict[str, float]:
    """Run one row in a process of its own."""
    code, precision = ROWS[row]
    names = {"prefix": prefix, "photo": photo, "precision": precision, "warm": WARM}
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    program = f"started = {time.time()!r}\n{head}{code}{TIMES}"
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    if row == THREADED:
        environment["OMP_NUM_THREADS"] = str(cpu_limit())
    answer = subprocess.run(  # noqa: S603 - the program above
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if answer.returncode:
        sys.exit(answer.stderr)
    return json.loads(answer.stdout.splitlines()[-1])


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from PIL import Image

    from support.networks import FULL_SIZE, write_network

    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEONB_CACHE"] = f"{folder}/cache"
        prefix = write_network(Path(folder), **FULL_SIZE).prefix
        photo = f"{folder}/photo.jpg"
        noise = Image.effect_noise((1000, 750), 60).convert("RGB")
        noise.resize((4000, 3000)).save(photo, quality=90)
        made = {row: measure(row, prefix, photo) for row in ("float32", "int8")}
        runs: dict[str, list[dict[str, float]]] = {row: [] for row in ROWS}
        for _ in range(ROUNDS):
            for row, done in runs.items():
                done.append(measure(row, prefix, photo))
        sizes = {
            path.name.split("-")[2]: sum(f.stat().st_size for f in path.iterdir()) / 1e6
            for path in (Path(folder) / "cache" / "onnx").iterdir()
        }
    report(runs, made, sizes)


def report(
    runs: dict[str, list[dict[str, float]]],
    made: dict[str, dict[str, float]],
    sizes: dict[str, float],
) -> None:
    keys = ["first_s", "warm_ms", "cpu_ms", "peak_mb"]
    best = {row: {key: min(run[key] for run in done) for key in keys} for row, done in runs.items()}
    print("| | start to first answer, s | warm forward, ms | its CPU time, ms | peak memory, MB |")
    print("|---|---|---|---|---|")
    for row, run in best.items():
        rest = " | ".join(f"{run[key]:.0f}" for key in keys[1:])
        print(f"| {row} | {run['first_s']:.2f} | {rest} |")
    for row, run in made.items():
        print(f"| {row}, the first time | {run['first_s']:.2f} | | | {run['peak_mb']:.0f} |")
    print("\n| | wanted | best | median of the rounds |")
    print("|---|---|---|---|")
    for key, row, words, limit, against in WANTED:
        share = key == "peak_mb"
        pairs = list(zip(runs[row], runs[against], strict=True))
        ratios = [a[key] / b[key] if share else b[key] / a[key] for a, b in pairs]
        top = best[row][key] / best[against][key] if share else best[against][key] / best[row][key]
        wanted = "" if limit is None else f"{'≤' if share else '≥'} {limit}"
        print(f"| {row}: {words} | {wanted} | {top:.2f} | {statistics.median(ratios):.2f} |")
    print(f"| int8: megabytes on disk | ≤ 80 | {sizes['int8']:.0f} | |")


if __name__ == "__main__":
    main()
