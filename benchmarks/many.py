"""Many 12-megapixel JPEGs: geonb_lab.predict_many against the blog's recipe, and against the bound.

A network of LocationNet's size with random weights; every row is a process of its own, and rows
take turns. The bound is (decode + prepare + processors x forward) / processors, from its parts
measured in the same run: decoding and preparing the same photos alone on one processor, and the
network alone on all of them, in the quickest of three batch sizes. Ray runs in an environment of
its own, `make test-ray`'s, on two workers of one processor each.

A busy machine slows the rows, and not all of them alike: the load is printed beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from locationnet import BLOG

from geonb.network.sessions import cpu_limit

ROOT = Path(__file__).parents[1]
SMALL, MANY = 100, 10_000

TIMED = """
import os, time
def timed(work, photos):
    start, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    processor = after.user + after.system - before.user - before.system
    return {"wall": (time.perf_counter() - start) / photos, "processor": processor / photos}
"""
GEONB = """
model = geonb.load_model(prefix, precision=precision)
list(geonb_lab.predict_many(model, photos[:5], progress=False))
def work():
    for result in geonb_lab.predict_many(model, photos * 2, progress=False):
        assert result.error is None
result = timed(work, 2 * len(photos))
"""
PARTS = """
import geonb, numpy as np
model = geonb.load_model(prefix, precision=precision)
def prepare_all():
    for photo in photos:
        geonb.preprocess(photo)
prepare = timed(prepare_all, len(photos))
forward = []
for size in (1, 4, 16):
    batch = np.zeros((size, 3, 224, 224), np.float32)
    model.run(batch)
    times = max(1, len(photos) // size)
    forward.append(timed(lambda: [model.run(batch) for _ in range(times)], times * size))
best = min(forward, key=lambda took: took["wall"])
result = {
    "wall": (prepare["wall"] + processors * best["wall"]) / processors,
    "processor": prepare["processor"] + best["processor"],
}
"""
# The blog's lines are run whole for its first photo; these are those for each photo after it.
BLOG_LOOP = """
def work():
    for photo in photos:
        img = io.imread(photo)
        short = min(img.shape[:2])
        yy, xx = (img.shape[0] - short) // 2, (img.shape[1] - short) // 2
        sample = transform.resize(img[yy:yy + short, xx:xx + short], (224, 224)) * 256
        sample = sample.transpose(2, 0, 1) - np.array([123.68, 116.779, 103.939]).reshape(3, 1, 1)
        mod.forward(Batch([mx.nd.array(sample[None])]), is_train=False)
        mod.get_outputs()[0].asnumpy()
result = timed(work, len(photos))
"""
MEMORY = """
from pathlib import Path
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])
model = geonb.load_model("mini")
held = []
results = geonb_lab.predict_many(model, photos * (many // len(photos)), progress=False)
for number, _ in enumerate(results, 1):
    if number in (small, many):
        held.append(resident())
result = held[1] / held[0] - 1
"""
ONE_PROCESS = """
from geonb_lab.many.tables import locate_rows
locate_rows(photos[:5], model=prefix)
result = timed(lambda: locate_rows(photos, model=prefix), len(photos))
"""
RAY = """
import logging, ray, tempfile
import geonb_lab.many.ray
ray.init(num_cpus=2, logging_level="error", log_to_driver=False)
ray.data.DataContext.get_current().enable_progress_bars = False
logging.getLogger("ray.data").setLevel("ERROR")
def locate(photos):
    with tempfile.TemporaryDirectory() as out:
        geonb_lab.many.ray.locate(photos, prefix, out=out, batch=24)
locate(photos[:24])  # the workers start, and load the model
result = timed(lambda: locate(photos), len(photos))
"""
ROWS = {
    "blog (MXNet)": (BLOG + BLOG_LOOP, ""),
    "float32": (GEONB, "float32"),
    "int8": (GEONB, "int8"),
    "bound, float32": (PARTS, "float32"),
    "bound, int8": (PARTS, "int8"),
}


def measure(code: str, python: str = sys.executable, **names: object):  # noqa: ANN201
    """Run a program in a process of its own; what it calls ``result``."""
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    program = f"{head}{TIMED}{code}\nimport json\nprint(json.dumps(result))"
    run = subprocess.run(  # noqa: S603 - the program above
        [python, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    if run.returncode:
        sys.exit(run.stderr)
    return json.loads(run.stdout.splitlines()[-1])


def best_of(rounds: int, rows: dict[str, tuple]) -> dict[str, dict[str, float]]:
    """The least seconds a photo of each row, which take turns; rows are code, python, names."""
    took: dict[str, list[dict[str, float]]] = {row: [] for row in rows}
    for _ in range(rounds):
        for row, (code, python, names) in rows.items():
            took[row].append(measure(code, python, **names))
    return {
        row: {clock: min(run[clock] for run in runs) for clock in ("wall", "processor")}
        for row, runs in took.items()
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--photos", type=int, default=96)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--ray", default=str(ROOT / ".venv-ray" / "bin" / "python"))
    chosen = options.parse_args()
    sys.path.insert(0, str(ROOT / "tests"))
    from PIL import Image

    from support.networks import FULL_SIZE, write_network

    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEONB_CACHE"] = f"{folder}/cache"
        prefix = write_network(Path(folder), **FULL_SIZE).prefix
        photos = [f"{folder}/{i}.jpg" for i in range(chosen.photos)]
        for number, path in enumerate(photos):
            noise = Image.effect_noise((1000, 750), 30 + number % 30).convert("RGB")
            noise.resize((4000, 3000)).save(path, quality=90)
        common = {"prefix": prefix, "photos": photos, "processors": cpu_limit()}
        for precision in ("float32", "int8"):  # converted once, outside the measurement
            measure(GEONB, **common | {"photos": photos[:5]}, precision=precision)
        rows = {
            row: (code, sys.executable, {**common, "precision": precision})
            for row, (code, precision) in ROWS.items()
        }
        rows["blog (MXNet)"][2].update(photo=photos[0], photos=photos[: max(2, len(photos) // 16)])
        best = best_of(chosen.rounds, rows)
        many = common | {"photos": photos * 2}
        measure(ONE_PROCESS, chosen.ray, **(many | {"photos": photos[:5]}))  # converted for it
        best |= best_of(
            chosen.rounds,
            {
                "one process": (ONE_PROCESS, chosen.ray, many),
                "two Ray workers": (RAY, chosen.ray, many),
            },
        )
        small = f"{folder}/small.jpg"
        Image.effect_noise((320, 240), 60).save(small)
        growth = measure(MEMORY, photos=[small], small=SMALL, many=MANY)
    report(best, growth)


def report(best: dict[str, dict[str, float]], growth: float) -> None:
    print("| | ms a photo | of them on a processor | photos an hour |\n|---|--:|--:|--:|")
    for row, seconds in best.items():
        wall, processor = (1000 * seconds[clock] for clock in ("wall", "processor"))
        print(f"| {row} | {wall:.0f} | {processor:.0f} | {3.6e6 / wall:,.0f} |")
    wall = {row: seconds["wall"] for row, seconds in best.items()}
    blog, ray = wall["blog (MXNet)"], wall["one process"] / wall["two Ray workers"]
    results = []
    for kind, must, aim in (("float32", 8.0, 10.0), ("int8", 14.0, 18.0)):
        bound, words = wall[f"bound, {kind}"], f"{kind}: times the blog's photos a second"
        results.append((words, blog / wall[kind], must, aim, blog / bound))
        results.append((f"{kind}: share of the bound", bound / wall[kind], 0.85, 0.95, 1.0))
    results.append(("two Ray workers: times one process", ray, 0.85, 0.95, 1.0))
    print("\n| measure | measured | must | aim | the limit |\n|---|--:|--:|--:|--:|")
    for what, value, must, aim, limit in results:
        print(f"| {what} | {value:.2f} | {must:g} | {aim:g} | {limit:.2f} |")
    print(f"| memory after {MANY:,} photos against {SMALL} | {growth:+.1%} | +5% | +1% | 0% |")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load in the last 1, 5 and 15 minutes: {load}; {cpu_limit()} processors")
    if growth > 0.05 or any(value < must for _, value, must, *_ in results):
        sys.exit("below what is promised")


if __name__ == "__main__":
    main()
