"""Partition 33.9 million places, the blog's training set in number, within 60 s and 4 GB.

The places are spread as photos are: a few towns hold most of them, and some spots (a tower, a
bridge) thousands at the very same coordinates. `python benchmarks/partition.py [POINTS]`.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from geonb_training.partitions import partition

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 33_900_000
LIMIT_S, LIMIT_GB = 60.0, 4.0
T1, T2 = 5000, 500  # the blog's thresholds


def photo_places(count: int, seed: int = 0) -> NDArray[np.float64]:
    """Places (N, 2): towns by Zipf's law, blurred over 100 m to 100 km, every tenth at one spot."""
    rng = np.random.default_rng(seed)
    towns = np.stack([rng.uniform(-60, 70, 20_000), rng.uniform(-180, 180, 20_000)], axis=-1)
    weights = 1 / np.arange(1, len(towns) + 1)
    places = np.empty((count, 2))
    for start in range(0, count, 1 << 20):
        part = places[start : start + (1 << 20)]
        chosen = rng.choice(len(towns), len(part), p=weights / weights.sum())
        blur = 10 ** rng.uniform(-3, 0, (len(part), 1)) * rng.normal(size=part.shape)
        blur[rng.random(len(part)) < 0.1] = 0.0
        part[:] = towns[chosen] + blur
    places[:, 0].clip(-90, 90, out=places[:, 0])
    places[:, 1] = (places[:, 1] + 180) % 360 - 180
    return places


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else POINTS
    places = photo_places(count)
    start = time.perf_counter()
    cells = partition(places, T1, T2)
    seconds = time.perf_counter() - start
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"partition: {count:,} places, {cells!r}")
    print(
        f"  {seconds:.1f} s (limit {LIMIT_S:.0f}), peak {gigabytes:.2f} GB (limit {LIMIT_GB:.0f})"
    )
    start = time.perf_counter()
    cells.index(places[:1_500_000])
    rate = min(count, 1_500_000) / (time.perf_counter() - start) / 1e6
    print(f"  index: {rate:.1f} million points a second (at least 1.5)")
    if seconds > LIMIT_S or gigabytes > LIMIT_GB or rate < 1.5:
        sys.exit("over the limit")


if __name__ == "__main__":
    main()
