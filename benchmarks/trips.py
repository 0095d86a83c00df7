"""Trips: how much better photos are located together, where it does damage, and what it costs.

``--fit`` fits how people move on lives, and checks it on other lives and on tours. The tables are
measured on drawn trips with other seeds than these. The weakened mini sees each scene through a
blur of 3 pixels, and is then right within 25 km for a third of the photos, as GeoCLIP is.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

import geonb
from geonb.distances import haversine
from geonb.earth import s2
from geonb.earth.cells import Cells
from geonb.earth.outlines import rings
from geonb.earth.places import gazetteer
from geonb_lab import evaluate_trips
from geonb_lab.trips import shots as shots_of
from geonb_lab.trips.chain import Geometry, Movement
from geonb_lab.trips.shots import KeptBelief, KnownPlace, Shot, Taken
from geonb_lab.trips.times import set_clocks
from geonb_lab.trips.trip import connect
from geonb_training.scenes.trips import drawn_trip

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geonb_lab.trips.located import Trip
    from geonb_training.scenes.trips import Way

    Floats = np.ndarray[tuple[int, ...], np.dtype[np.floating]]
    Drawn = Sequence[tuple[Floats, Floats, Floats]]

TRIPS, PHOTOS, BLUR = 40, 28, 3.0
FIT_SEED, CHECK_SEED, SEED = 21, 31, 11
"""Of the trips that parameters are fitted on, that the fit is checked on, and of all others."""
BY_HAND = {"wander_km": 10.0, "leap_km": 1500.0, "dwell_h": 24.0, "home": 0.4, "TRUST": 0.7}
GRID = {
    "wander_km": (5.0, 10.0, 20.0, 40.0, 80.0),
    "leap_km": (375.0, 750.0, 1500.0, 3000.0, 6000.0),
    "dwell_h": (6.0, 12.0, 24.0, 48.0, 96.0),
    "home": (0.0, 0.2, 0.4, 0.6, 0.8),
    "TRUST": (0.5, 0.6, 0.7, 0.8, 1.0),
}
PLACES, YEAR, LIMIT_MS, LIMIT_MB = 100_000, 10_000, 10.0, 1000
BEGIN = 1.7e9


@cache
def answers(way: Way, blur: float, seed: int = SEED) -> list[tuple[Floats, Floats, Floats]]:
    """Hours, mini's probabilities and true places of each drawn trip."""
    model, found = geonb.load_model("mini"), []
    for number in range(TRIPS):
        trip = drawn_trip(number, way, PHOTOS, seed)
        images = [scene.image.filter(ImageFilter.GaussianBlur(blur)) for scene in trip.scenes()]
        found.append((np.array(trip.hours), model.probabilities(images), np.array(trip.places)))
    return found


def read(hours: Floats, rows: Iterable[Floats], known: Sequence[KnownPlace | None]) -> list[Shot]:
    """What `locate_trip` would have read of photos."""
    photo, shots = Image.new("RGB", (8, 8)), []
    for i, (hour, row, place) in enumerate(zip(hours.tolist(), rows, known, strict=True)):
        taken = Taken(BEGIN + 3600 * hour, zoned=True, source="given")
        shots.append(Shot(f"{i}.jpg", photo, KeptBelief.of(row), taken, place))
    return shots


def truths(data: Drawn, given: dict[str, float], *, learned: bool = False) -> tuple[float, float]:
    """The mean log-probability of true places, and the share of photos within 200 km.

    ``given`` are parameters of `Movement`, and constants of `shots`.
    """
    model, logs, near = geonb.load_model("mini"), [], []
    ours = {name: value for name, value in given.items() if name.isupper()}
    before = {name: getattr(shots_of, name) for name in ours}
    vars(shots_of).update(ours)
    way = Movement(**{name: value for name, value in given.items() if name not in ours})
    for hours, rows, places in data:
        trip = connect(model, read(hours, rows, [None] * len(rows)), way)
        if learned:
            trip = connect(model, read(hours, rows, [None] * len(rows)), scaled(trip, hours))
        for photo, place in zip(trip, places, strict=True):
            row, true = photo.probabilities, shots_of.class_of(model.cells, place)
            logs.append(np.log(max(row[true], 1e-12)))
            near.append(haversine(model.cells.places[row.argmax()], place) <= 200)
    vars(shots_of).update(before)
    return float(np.mean(logs)), float(np.mean(near))


def scaled(trip: Trip, hours: Floats) -> Movement:
    """Scales that the most probable path of a trip itself tells: an EM step."""
    path = [photo.on_path for photo in trip.parts[0]]
    km = np.array([geonb.distance(a, b) for a, b in pairwise(path)])
    moves = km[km > 50]
    leap = float(np.clip(moves.mean(), 100, 5000)) if len(moves) else trip.movement.leap_km
    dwell = float(np.clip((hours[-1] - hours[0]) / (len(moves) + 0.5), 4, 500))
    return replace(trip.movement, leap_km=leap, dwell_h=dwell)


def fit() -> None:
    """Fit on lives by the probability of the truths, a parameter after the other; check on tours.

    A value gives way to another that makes all the truths together e² times as probable. It isn't
    fitted on tours, for these never go home: what is best there is wrong for lives.
    """
    data, found, begun = answers("life", 0.0, FIT_SEED), dict(BY_HAND), dict[str, float]()
    while found != begun:
        begun = dict(found)
        for name, values in GRID.items():
            logs = {value: truths(data, found | {name: value})[0] for value in values}
            best = max(values, key=lambda value: logs[value])
            if (logs[best] - logs[found[name]]) * TRIPS * PHOTOS > 2:
                found[name] = best
            print(name, {value: f"{log:.3f}" for value, log in logs.items()}, flush=True)
    print(f"fitted on lives: {found}")
    for way, seed in (("life", FIT_SEED), ("life", CHECK_SEED), ("tour", CHECK_SEED)):
        for blur in (0.0, BLUR):
            data = answers(way, blur, seed)
            for what, given in (("fitted", found), ("by hand", BY_HAND), ("of each trip", found)):
                log, near = truths(data, given, learned=what == "of each trip")
                name = f"{what}: {way}, seed {seed}, {'weakened ' * bool(blur)}mini"
                print(f"{name}: log-probability {log:.3f}, {near:.1%} within 200 km", flush=True)


def table(way: Way, blur: float, every: int = 0) -> None:
    """Alone and together, with every seventh place known if ``every`` is 7."""
    model, name = geonb.load_model("mini"), "mini" if not blur else "weakened mini"
    trips, truth = [], []
    for hours, rows, places in answers(way, blur):
        known = [
            KnownPlace(tuple(place), "given") if every and not i % every else None
            for i, place in enumerate(places.tolist())
        ]
        trips.append(connect(model, read(hours, rows, known)))
        truth.append(places)
    kind = f", one in {every} known" if every else ""
    print(f"\n{name}, {way}{kind}: {evaluate_trips(trips, truth)!r}")


def damage(blur: float) -> None:
    """What strange pictures, and times that are wrong, do to the photos of the trip."""
    model, rng, found = geonb.load_model("mini"), np.random.default_rng(1), answers("tour", blur)
    (screen,) = model.probabilities([Image.new("RGB", (320, 640), "white")])
    for what in (
        *("a tenth of friends elsewhere", "a third of friends elsewhere", "a third of screenshots"),
        *("a third of scans, with the scanner's time", "times shuffled"),
    ):
        share = {"a tenth": 0.1, "a third": 1 / 3}.get(what[:7], 0.0)
        trips, truth, own = [], [], []
        for number, (hours, rows, places) in enumerate(found):
            _, others, elsewhere = found[(number + 1) % len(found)]
            stray = rng.random(len(rows)) < share
            when = hours if share else rng.permutation(hours)
            mixed = np.where(stray[:, None], others, rows)
            if "screenshots" in what:  # they have no place
                mixed = np.where(stray[:, None], screen, rows)
            elif "scans" in what:  # others' photos, one after the other in the middle of the trip
                when = np.where(stray, np.median(hours) + np.arange(len(hours)) / 60, hours)
            trips.append(connect(model, read(when, mixed, [None] * len(rows))))
            truth.append(np.where(stray[:, None], elsewhere, places))
            own.append(~stray)
        result, mine = evaluate_trips(trips, truth), np.concatenate(own)
        fits = np.concatenate([[photo.fits for photo in trip] for trip in trips])
        print(f"\n{what}{' (weakened)' * bool(blur)}:", end="")
        for name, some in (("the trip's own", mine), ("the others", ~mine)):
            if some.any():
                shares = [np.mean(km[some] <= 200) for km in result.km.T]
                print(f" {name} photos within 200 km {shares[0]:.1%} alone, {shares[1]:.1%} "
                      f"together, median fit {np.median(fits[some]):.0%};", end="")  # fmt: skip
    print()


def clocks(blur: float) -> None:
    """What is found of a second camera's clock beside a phone that knows one place in four."""
    geometry, found = Geometry(geonb.load_model("mini").cells), answers("tour", blur)
    for what, wrong in (("right", 0), ("an hour wrong", 1), ("a day wrong", 24), ("a friend's", 0)):
        told: Counter[str] = Counter()
        for number, (hours, rows, places) in enumerate(found):
            second = np.arange(len(rows)) % 2 == 1
            others = found[(number + 1) % len(found)][1] if what == "a friend's" else rows
            known = [KnownPlace(tuple(place), "EXIF") if not i % 4 else None
                     for i, place in enumerate(places.tolist())]  # fmt: skip
            when = hours + np.where(second, wrong, 0)
            shots = read(when, np.where(second[:, None], others, rows), known)
            for shot, camera in zip(shots, second.tolist(), strict=True):
                shot.camera = "the camera" if camera else "the phone"
            told.update(set_clocks(shots, geometry) or ["nothing"])
        print(f"clock of a second camera{' (weakened)' * bool(blur)}, {what}: {dict(told)}")


def exactness() -> None:
    """Candidates against every place, on mini."""
    model, gaps, same = geonb.load_model("mini"), [], []
    for hours, rows, _ in answers("tour", 0.0):
        dense = connect(model, read(hours, rows, [None] * len(rows)))
        kept = shots_of.KEPT, shots_of.CANDIDATES
        shots_of.KEPT, shots_of.CANDIDATES = 100, 24
        sparse = connect(model, read(hours, rows, [None] * len(rows)))
        shots_of.KEPT, shots_of.CANDIDATES = kept
        for a, b in zip(dense, sparse, strict=True):
            gaps.append(np.abs(a.probabilities - b.probabilities).sum() / 2)
            same.append(a.probabilities.argmax() == b.probabilities.argmax())
    print(f"24 candidates of mini's 211 places, and fewer of neighbours', against all: the same "
          f"first place for {np.mean(same):.1%}, {np.mean(gaps):.2%} of the probability elsewhere "
          f"on average, {np.max(gaps):.1%} at most")  # fmt: skip


def scale(photos: int = YEAR) -> bool:
    """A year of photos over 100,000 places: at home, and each second weekend somewhere else.

    A third of the answers point near the truth, as GeoCLIP's do; the others anywhere.
    """
    rng, towns = np.random.default_rng(2), gazetteer().places
    points = towns[rng.integers(len(towns), size=2 * PLACES)] + rng.normal(0, 0.1, (2 * PLACES, 2))
    ids = np.unique(s2.parents(s2.leaf_ids(points.clip((-89, -180), (89, 180))), 13))
    ids = np.sort(rng.permutation(ids)[:PLACES])
    cells = Cells(ids, s2.to_degrees(rings(ids).mean(axis=1)))
    model = replace(geonb.load_model("mini"), cells=cells)
    hours = np.sort(rng.uniform(0, 365 * 24, photos))
    some = rng.integers(len(cells), size=200)  # stops where the places are dense, as in cities
    dense = [np.partition(haversine(cells.places, cells.places[k]), 300)[300] < 100 for k in some]
    stops = some[dense][:30]
    where = np.where(hours % 336 < 264, stops[0], stops[(hours // 336).astype(int) + 1])
    near = [np.argsort(haversine(cells.places, cells.places[stop]))[:300] for stop in stops]
    around = dict(zip(stops.tolist(), near, strict=True))
    row, photo = np.full(len(cells), 1e-7, np.float32), Image.new("RGB", (8, 8))
    shots, adding = [], 0.0
    for i, (place, hour) in enumerate(zip(where.tolist(), hours.tolist(), strict=True)):
        good = rng.random() < 1 / 3
        seen = around[place] if good else rng.integers(len(cells), size=300)
        row[seen] = rng.dirichlet(np.full(300, 0.1)) * 0.9 + 1e-6
        start = time.process_time()
        taken = Taken(BEGIN + 3600 * hour, zoned=True, source="given")
        shots.append(Shot(f"{i}.jpg", photo, KeptBelief.of(row), taken))
        adding += time.process_time() - start
        row[seen] = 1e-7
    start, cpu = time.perf_counter(), time.process_time()
    trip = connect(model, shots)
    took, cpu = time.perf_counter() - start, time.process_time() - cpu + adding
    some = range(0, photos, 20)
    far = [haversine(cells.places[[trip[i].probabilities_alone.argmax(),
                                   trip[i].probabilities.argmax()]], cells.places[where[i]])
           for i in some]  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    alone, together = (np.array(far) <= 200).mean(axis=0)
    print(f"{photos:,} photos over {len(cells):,} places: {1000 * took / photos:.1f} ms a photo "
          f"beyond the model's own time ({1000 * cpu / photos:.1f} of processor, limit "
          f"{LIMIT_MS:g}), {peak:.0f} MB at the peak (limit {LIMIT_MB}); within 200 km alone "
          f"{alone:.0%}, together {together:.0%}")  # fmt: skip
    return 1000 * cpu / photos <= LIMIT_MS and peak <= LIMIT_MB


def main() -> int:
    """Print what was measured; 1 if it's over the limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, metavar="PHOTOS", help="the time and memory alone")
    parser.add_argument("--fit", action="store_true", help="the parameters alone, and their check")
    options = parser.parse_args()
    if options.fit:
        fit()
        return 0
    if options.scale:
        return int(not scale(options.scale))
    for blur in (0.0, BLUR):
        for way in ("tour", "life"):
            for every in (0, 7):
                table(way, blur, every)
        damage(blur)
        clocks(blur)
    exactness()
    return int(not scale())


if __name__ == "__main__":
    sys.exit(main())
