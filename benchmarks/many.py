"""Many 12-megapixel JPEGs: geonb.predict_many against the blog's recipe, and against the bound.

A network of LocationNet's size with random weights; every row is a process of its own, and rows
take turns. The bound is (decode + prepare + processors x forward) / processors, from its parts
measured in the same run: no arrangement of the same parts is quicker.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from locationnet import BLOG

from geonb.network.sessions import cpu_limit

PHOTOS, ROUNDS = 96, 3
BLOG_PHOTOS = 6
SMALL, MANY = 100, 10_000

GEONB = """
import geonb, time
model = geonb.load_model(prefix, precision=precision)
geonb.predict(model, photos[0])
start = time.perf_counter()
for result in geonb.predict_many(model, photos, progress=False):
    assert result.error is None
seconds = (time.perf_counter() - start) / len(photos)
"""
PARTS = """
import os
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one photo is prepared on one processor
import geonb, numpy as np, time
model = geonb.load_model(prefix, precision=precision)
def quickest(work, times):
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)
prepare = quickest(lambda: geonb.preprocess(photos[0]), 10)
batch = np.zeros((16, 3, 224, 224), np.float32)
forward = quickest(lambda: model.network.probabilities(batch), 5) / 16
seconds = prepare / processors + forward
"""
# The blog's lines are run whole for its first photo; these are those for each photo after it.
BLOG_LOOP = """
start = time.perf_counter()
for photo in photos:
    img = io.imread(photo)
    short = min(img.shape[:2])
    yy, xx = (img.shape[0] - short) // 2, (img.shape[1] - short) // 2
    sample = transform.resize(img[yy:yy + short, xx:xx + short], (224, 224)) * 256
    sample = sample.transpose(2, 0, 1) - np.array([123.68, 116.779, 103.939]).reshape(3, 1, 1)
    mod.forward(Batch([mx.nd.array(sample[None])]), is_train=False)
    mod.get_outputs()[0].asnumpy()
seconds = (time.perf_counter() - start) / len(photos)
"""
MEMORY = """
import geonb, resource
model = geonb.load_model(prefix)
peaks = []
results = geonb.predict_many(model, photos * (many // len(photos)), progress=False)
for number, _ in enumerate(results, 1):
    if number in (small, many):
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
seconds = peaks[1] / peaks[0] - 1
"""
ROWS = {
    "blog (MXNet)": (BLOG + BLOG_LOOP, "", BLOG_PHOTOS),
    "float32": (GEONB, "float32", PHOTOS),
    "int8": (GEONB, "int8", PHOTOS),
    "bound, float32": (PARTS, "float32", PHOTOS),
    "bound, int8": (PARTS, "int8", PHOTOS),
}


def measure(code: str, **names: object) -> float:
    """Run a program in a process of its own; what it calls ``seconds``."""
    head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    program = f"{head}{code}\nimport json\nprint(json.dumps(seconds))"
    run = subprocess.run(  # noqa: S603 - the program above
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    if run.returncode:
        sys.exit(run.stderr)
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from networks import FULL_SIZE, write_network
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEONB_CACHE"] = f"{folder}/cache"
        prefix = write_network(Path(folder), **FULL_SIZE).prefix
        photos = [f"{folder}/{i}.jpg" for i in range(PHOTOS)]
        for number, path in enumerate(photos):
            noise = Image.effect_noise((1000, 750), 30 + number % 30).convert("RGB")
            noise.resize((4000, 3000)).save(path, quality=90)
        for precision in ("float32", "int8"):  # converted once, outside the measurement
            measure(PARTS, prefix=prefix, precision=precision, photos=photos, processors=1)
        took: dict[str, list[float]] = {row: [] for row in ROWS}
        for _ in range(ROUNDS):
            for row, (code, precision, count) in ROWS.items():
                names = {"prefix": prefix, "precision": precision, "photos": photos[:count]}
                names |= {"photo": photos[0], "processors": cpu_limit()}
                took[row].append(measure(code, **names))
        small = f"{folder}/small.jpg"
        Image.effect_noise((320, 240), 60).save(small)
        mini = {"prefix": "mini", "photos": [small], "small": SMALL, "many": MANY}
        growth = measure(MEMORY, **mini)
    best = {row: min(seconds) for row, seconds in took.items()}
    for row, seconds in best.items():
        print(f"{row:<16} {1000 * seconds:7.1f} ms a photo, {3600 / seconds:9,.0f} photos an hour")
    results = [
        ("float32, times the blog's photos a second", best["blog (MXNet)"] / best["float32"], 8.0),
        ("int8, times the blog's photos a second", best["blog (MXNet)"] / best["int8"], 14.0),
        ("float32, share of the bound", best["bound, float32"] / best["float32"], 0.85),
        ("int8, share of the bound", best["bound, int8"] / best["int8"], 0.85),
    ]
    for what, value, must in results:
        print(f"{what}: {value:.2f} (must {must:g})")
    print(f"memory after {MANY:,} photos against {SMALL}: {growth:+.1%} (must +5%)")
    if growth > 0.05 or any(value < must for _, value, must in results):
        sys.exit("below what is promised")


if __name__ == "__main__":
    main()
