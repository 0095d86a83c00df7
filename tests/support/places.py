"""Predictions for the maps' tests: the published ones, and places where maps go wrong."""

import math
from types import SimpleNamespace

import numpy as np
from PIL import Image

import geonb_training
from geonb.photos.photo import Photo
from geonb.predictions import Prediction, Predictions

# The blog's answer for Tokyo Tower.
TOKYO = [
    (0.139923, (35.6599344486, 139.728919109)),
    (0.095210, (35.6546613641, 139.745685815)),
    (0.042224, (35.7098435803, 139.810458528)),
    (0.032602, (35.6641725688, 139.746648114)),
    (0.023119, (35.6901996892, 139.692857396)),
]
FIJI = [(-17.8, 178.2), (-16.8, -179.9), (-18.1, 178.4), (-16.5, 179.9), (-13.8, -171.8)]
POLES = [(89.5, 0.0), (89.2, 120.0), (-90.0, 0.0), (78.2, 15.6), (84.0, -100.0)]
WORLD = [(48.85, 2.35), (51.5, -0.1), (40.7, -74.0), (35.6, 139.7), (-33.9, 151.2)]
ROME = [(41.89, 12.49), (41.9, 12.45), (41.91, 12.5), (41.86, 12.47), (41.89, 12.51)]


def predictions(pairs, truth=None, name="tower.jpg", note=""):
    """Predictions by rank, of (probability, place) pairs or of places alone."""
    if not isinstance(pairs[0][1], tuple):
        pairs = [
            (probability, place) for (probability, _), place in zip(TOKYO, pairs, strict=False)
        ]
    best = tuple(Prediction(i, p, place, "60188b") for i, (p, place) in enumerate(pairs, start=1))
    photo = Photo(name, Image.new("RGB", (64, 48), "tan"))
    return Predictions(best, photo, "locationnet", "onnxruntime", note, truth)


CASES = {
    "tokyo": predictions(TOKYO, (35.6586, 139.7454)),
    "fiji": predictions(FIJI, (-16.7, -179.99)),
    "one": predictions(TOKYO[:1]),
    "city": predictions(ROME, (41.9, 12.48)),
    "poles": predictions(POLES, (90.0, 0.0)),
    "world": predictions(WORLD, (37.8, -122.4)),
}
EVIL = predictions(TOKYO, (35.6586, 139.7454), name="<script>window.hacked = 1</script>.jpg")


def many_cells():
    """A model with more cells than LocationNet, that believes in a few of them."""
    rng = np.random.default_rng(5)
    spots = [rng.normal((lat, lng), 4.0, (20_000, 2)) for lat, lng in [*WORLD, *ROME]]
    points = np.concatenate(spots).clip((-90, -180), (90, 180))
    cells = geonb_training.partition(points, t1=22, t2=1)
    belief = rng.dirichlet(np.full(len(cells), 0.01))[None]
    name = f"a model of {len(cells):,} cells"
    return SimpleNamespace(
        name=name, cells=cells, note="", promise=None, probabilities=lambda _: belief
    )


def east_of_null(*kilometres):
    """Places on the equator, so far from (0, 0); NaN for None."""
    degree_km = math.radians(1) * 6371.0
    lngs = [np.nan if km is None else km / degree_km for km in kilometres]
    return np.array([(lng * 0, lng) for lng in lngs])


def from_tokens(tokens):
    """S2 tokens as cell ids."""
    return np.array([int(token.ljust(16, "0"), 16) for token in tokens], np.uint64)
