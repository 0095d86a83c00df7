"""The registry: for each model its files, source, licence and citation, and where they lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from geonb.errors import FetchError

CELLS_FILE = "grids.txt"
"""The name of every model's cell list: LocationNet's."""


@dataclass(frozen=True)
class Weights:
    """What is known of a model before its files are opened."""

    name: str
    """What `load_model` calls it."""
    title: str
    """What people call it."""
    files: tuple[str, ...]
    """Names of its files: symbol, params, cells."""
    licence: str
    """The licence's short name."""
    attribution: str
    """Who is to be named where its answers are shown."""
    source: str
    """Address of the publication."""
    note: str = ""
    """What has to be said wherever its answers are shown."""


LOCATIONNET = Weights(
    name="locationnet",
    title="LocationNet (ResNet-101, 15,527 cells)",
    files=("RN101-5k500-symbol.json", "RN101-5k500-0012.params", CELLS_FILE),
    licence="CC BY-SA 3.0",
    attribution="LocationNet by Jaeyoung Choi and Kevin Li",
    source="https://github.com/apache/mxnet/pull/6378",
)
MINI = Weights(
    name="mini",
    title="mini (a small ResNet for lessons)",
    files=("mini-symbol.json", "mini-0012.params", CELLS_FILE),
    licence="BSD-3-Clause",
    attribution="geonb's mini model",
    source="geonb.training, on geonb.scenes",
    note="mini knows drawn street scenes only; its answer to a real photo means nothing",
)
REGISTRY = {weights.name: weights for weights in (LOCATIONNET, MINI)}


def cache_folder() -> Path:
    """Where fetched and derived files are kept: ``GEONB_CACHE``, or the platform's cache."""
    if folder := os.environ.get("GEONB_CACHE"):
        return Path(folder).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("geonb", appauthor=False))


def folder_of(weights: Weights) -> Path:
    """The folder that holds a known model's files. Raises `FetchError` where they are not there.

    ``GEONB_LOCATIONNET`` names a folder (or prefix) of one's own; mini comes with the package.
    """
    if weights is MINI:
        return Path(__file__).parent / "data" / "mini"
    variable = f"GEONB_{weights.name.upper()}"
    if own := os.environ.get(variable):
        return Path(own).expanduser()
    folder = cache_folder() / weights.name
    if missing := [name for name in weights.files if not (folder / name).is_file()]:
        raise FetchError(
            f"{weights.name} is not in the cache ({folder} has no {missing[0]}); "
            f"put {', '.join(weights.files)} there, or name their folder in {variable}"
        )
    return folder
