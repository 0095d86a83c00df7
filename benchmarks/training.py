"""What LocationNet's training takes today: its arithmetic, how fast one core opens photos, a step.

Arithmetic is worked out from the layers, and the opening is measured here. GPUs and prices are
assumptions, in a table: no GPU was at hand. docs/training-today.md says what follows.

A step by PyTorch is measured against MXNet's on the CPU, each in a process and an environment of
its own, in turns. The weights are random: what is measured does not depend on them.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from many import ROOT, best_of
from PIL import Image

from geonb.network.layers import INPUT_SHAPE, Layer, parameter_shapes
from geonb.network.sessions import cpu_limit
from geonb_lab.evaluation.photo_sets import PhotoSet
from geonb_training.batches import Lessons, Squares
from geonb_training.network import NETWORKS, resnet
from geonb_training.scenes import draw, shoot

PHOTOS, EPOCHS, CLASSES = 33_900_000, 12, 15_527  # LocationNet's, 2017
YEARS_AGO = 9 * 24 * 3600  # seconds that it took on 16 K80s
LONG_SIDE = 500  # pixels of Flickr's medium size
SHARE = 0.20  # of its peak that a GPU reaches on a ResNet: an assumption
STEP = """
import numpy as np
from geonb_training.fitting import Fitting
from geonb_training.loop import new_trainer
from geonb_training.network import NETWORKS, fresh, resnet
trainer = new_trainer(name, Fitting(batch=photos))
trainer.begin(fresh(resnet(classes, **NETWORKS[network]), 0), 100, 0, None)
draw = np.random.default_rng(0)
data = draw.uniform(-120, 130, (photos, 3, 224, 224)).astype(np.float32)
labels = draw.integers(0, classes, photos)
def work(count=steps):
    for _ in range(count):
        trainer.step(data, labels)
    trainer.arrays()  # MXNet gives the loss before it has gone back; its weights have to wait
work(2)
result = timed(work, steps)
"""
STEPS = {"mini": (211, 32, 10), "resnet101": (CLASSES, 8, 2)}
"""By network: classes (mini's and LocationNet's), photos a step, steps a round."""


@dataclass(frozen=True)
class Machine:
    """A machine as its seller lists it."""

    name: str
    gpus: int
    peak: float  # TFLOPS of one GPU, bf16 without sparsity, NVIDIA's data sheets
    cores: int  # virtual ones
    dollars: float  # an hour, AWS on demand, us-east-1, mid-2025, not looked up since


MACHINES = (
    Machine("1 L40S (g6e.4xlarge)", 1, 362, 16, 3.00),
    Machine("1 H100 (p5.4xlarge)", 1, 989, 16, 6.88),
    Machine("8 H100 (p5.48xlarge)", 8, 989, 192, 55.04),
)


def flops(layers: tuple[Layer, ...]) -> float:
    """Floating-point operations of one photo's forward pass: two per weight and position."""
    arrays, sides, total = parameter_shapes(layers), {"data": INPUT_SHAPE[-1]}, 0.0
    for layer in layers:
        side = sides[layer.inputs[0]]
        if layer.flag("global_pool"):
            side = 1
        elif kernel := layer.numbers("kernel"):
            side = (side + 2 * layer.numbers("pad")[0] - kernel[0]) // layer.numbers("stride")[
                0
            ] + 1
        sides[layer.name] = side
        if layer.op == "Convolution":
            total += 2.0 * np.prod(arrays[layer.parameters[0]]) * side**2
        elif layer.op == "FullyConnected":
            total += 2.0 * np.prod(arrays[layer.parameters[0]])
    return total


def photos_per_second(count: int = 256, batch: int = 32) -> float:
    """Photos that one core opens, cuts and moves in a second, by the time of the processor."""
    with tempfile.TemporaryDirectory() as temporary:
        paths = []
        for number in range(count):
            scene = draw(shoot(number)).image
            size = (LONG_SIDE, round(LONG_SIDE * scene.height / scene.width))
            paths.append(str(Path(temporary) / f"{number}.jpg"))
            scene.resize(size, Image.Resampling.BICUBIC).save(paths[-1], quality=90)
        photos = PhotoSet("drawn", tuple(paths), np.zeros((count, 2)), ("",) * count, {})
        lessons = Lessons(Squares(photos, {}), np.zeros(count, np.intp), batch, seed=0, epoch=1)
        start = time.process_time()
        for step in range(len(lessons)):
            lessons[step]
        return count / (time.process_time() - start)


def compare_steps(rounds: int, pythons: dict[str, str]) -> None:
    """Print the time of a step by both trainers, and PyTorch's share of MXNet's."""
    os.environ["OMP_NUM_THREADS"] = str(cpu_limit())  # MXNet's own choice is a thread per core
    for network, (classes, photos, steps) in STEPS.items():
        names = {"network": network, "classes": classes, "photos": photos, "steps": steps}
        rows = {name: (STEP, python, {**names, "name": name}) for name, python in pythons.items()}
        best = best_of(rounds, rows)
        for clock, words in (("wall", "on the clock"), ("processor", "of the processor")):
            torch, mxnet = (best[name][clock] for name in ("torch", "mxnet"))
            print(
                f"{network}, a step of {photos} photos {words}: PyTorch {1000 * torch:,.0f} ms, "
                f"MXNet {1000 * mxnet:,.0f} ms, {torch / mxnet:.2f} of it"
            )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{cpu_limit()} processors; load in the last 1, 5 and 15 minutes: {load}")


def main() -> None:
    """Print the numbers of docs/training-today.md."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--torch", default=str(ROOT / ".venv-train" / "bin" / "python"))
    options.add_argument("--mxnet", default=str(ROOT / ".venv-mxnet" / "bin" / "python"))
    chosen = options.parse_args()
    once = flops(resnet(CLASSES, **NETWORKS["resnet101"]))
    step = 3 * once  # backwards costs twice as much as forwards
    seen = PHOTOS * EPOCHS
    loaded = photos_per_second()
    print(f"one photo {INPUT_SHAPE[2:]}: {once / 1e9:.1f} GFLOP forwards, {step / 1e9:.1f} a step")
    print(f"{seen / 1e6:.0f} million photos: {seen * step / 1e18:.1f} EFLOP")
    print(f"2017: {seen / YEARS_AGO:.0f} photos/s, {seen * step / YEARS_AGO / 1e12:.0f} TFLOPS")
    print(f"loader, measured: {loaded:.0f} photos/s per core")
    for m in MACHINES:
        need = m.gpus * m.peak * 1e12 * SHARE / step
        have = m.cores * loaded
        hours = seen / min(need, have) / 3600
        what = {
            "machine": m.name, "gpus_take": round(need), "cores_give": round(have),
            "limit": "loader" if have < need else "GPU", "hours": round(hours, 1),
            "dollars": round(hours * m.dollars),
        }  # fmt: skip
        print(json.dumps(what))
    compare_steps(chosen.rounds, {"torch": chosen.torch, "mxnet": chosen.mxnet})


if __name__ == "__main__":
    main()
