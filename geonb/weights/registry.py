"""The registry: for each model its files, where they lie, and its source, licence and citation."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from geonb.earth.cells import CELLS_FILE
from geonb.errors import FetchError
from geonb.files import cache_folder, file_digest


@dataclass(frozen=True)
class WeightsFile:
    """One file of a model."""

    name: str
    """Its name in the cache."""
    mirrors: tuple[str, ...] = ()
    """Addresses (or local paths) that may have it, in the order in which they are tried."""
    md5: str = ""
    """MD5 of its content; empty where none was ever published."""
    size: int = 0
    """Bytes; 0 where that is not known."""

    @property
    def form(self) -> str:
        """What tells this kind of file from the others: its ending."""
        return Path(self.name).suffix


@dataclass(frozen=True)
class Weights:
    """What is known of a model before its files are opened."""

    name: str
    """What `load_model` calls it."""
    title: str
    """What people call it."""
    forms: tuple[tuple[WeightsFile, ...], ...]
    """Sets of files, each a whole model, its large file last; the first to be had is taken."""
    licence: str
    """The licence's short name."""
    attribution: str
    """Who is to be named where its answers are shown."""
    source: str
    """Address of the publication."""
    citation: str = ""
    """The paper to cite."""
    note: str = ""
    """What has to be said wherever its answers are shown."""
    architecture: str = ""
    """`architecture.architecture` of its network: layers, shapes and the count of parameters."""

    @property
    def size(self) -> int:
        """Bytes of the first form's files."""
        return sum(file.size for file in self.forms[0])


_S3 = "https://s3.amazonaws.com/mmcommons-tutorial/models/"
_CELLS = WeightsFile(
    CELLS_FILE,
    ("https://raw.githubusercontent.com/multimedia-berkeley/tutorials/master/grids.txt",),
    "1228c937dafe828f636f056f5099bf78",
    557_683,
)
LOCATIONNET = Weights(
    name="locationnet",
    title="LocationNet (ResNet-101, 15,527 cells)",
    forms=(
        (  # MD5s: the model manifest of rai-project/mxnet
            _CELLS,
            WeightsFile(
                "RN101-5k500-symbol.json",
                (f"{_S3}RN101-5k500-symbol.json",),
                "f1ea8e5e12c29b074626d85f109cc903",
                193_626,
            ),
            WeightsFile(
                "RN101-5k500-0012.params",
                (f"{_S3}RN101-5k500-0012.params",),
                "e206e84fd2b801a9faca47156638c009",
                297_700_000,
            ),
        ),
        (
            _CELLS,
            WeightsFile(
                "RN1015k500.mlmodel",
                (
                    "https://s3.amazonaws.com/aws-bigdata-blog/artifacts/RN1015k500/RN1015k500.mlmodel",
                    "https://s3-us-west-2.amazonaws.com/coreml-models/RN1015k500.mlmodel",
                ),
                size=298_000_000,
            ),
        ),
    ),
    licence="CC BY-SA 3.0",
    attribution="LocationNet by Jaeyoung Choi and Kevin Li",
    source="https://github.com/apache/mxnet/pull/6378",
    citation=(
        "J. Choi and K. Li, Estimating the Location of Images Using MXNet and Multimedia Commons "
        "Dataset on AWS EC2, AWS blog, 2017"
    ),
    note=(
        "LocationNet is by Jaeyoung Choi and Kevin Li, CC BY-SA 3.0; of 100 ordinary photos it "
        "places 13 or 14 within 25 km"
    ),
    architecture="ad5dac53c58c374736619ba777432925",
)
MINI = Weights(
    name="mini",
    title="mini (a small ResNet for lessons)",
    forms=(tuple(map(WeightsFile, (CELLS_FILE, "mini-symbol.json", "mini-0012.params"))),),
    licence="BSD-3-Clause",
    attribution="geonb's mini model",
    source="geonb_training, on geonb_training.scenes",
    note="mini knows drawn street scenes only; its answer to a real photo means nothing",
)
REGISTRY = {weights.name: weights for weights in (LOCATIONNET, MINI)}


def own_files(weights: Weights) -> Path | None:
    """The user's own folder or checkpoint prefix, as ``GEONB_LOCATIONNET`` names it."""
    own = os.environ.get(f"GEONB_{weights.name.upper()}")
    return Path(own).expanduser() if own else None


def folder_of(weights: Weights) -> Path:
    """The folder that a known model's files are kept in; mini comes with the package."""
    if weights is MINI:
        return Path(__file__).parents[1] / "data" / "mini"
    return cache_folder() / weights.name


def trusted(path: Path, file: WeightsFile) -> bool:
    """Whether ``path`` holds what was verified: by its MD5, published or noted when it was fetched.

    A file that was cut off or changed since is not trusted. Where the record has neither an MD5
    nor an address, the file comes with the package.
    """
    try:
        if not file.mirrors and not file.md5:
            return path.is_file()
        return file_digest(path) == (file.md5 or noted_digest(path).read_text().strip())
    except OSError:
        return False


def noted_digest(path: Path) -> Path:
    """Where the MD5 of a file that was verified by its content is noted."""
    return path.with_name(f"{path.name}.md5")


def cached_form(weights: Weights) -> tuple[WeightsFile, ...] | None:
    """The first form whose files all lie in the cache, verified; None where there is none."""
    folder = folder_of(weights)
    for form in weights.forms:
        if all(trusted(folder / file.name, file) for file in form):
            return form
    return None


def is_cached(weights: Weights) -> bool:
    """Whether a whole, verified model lies in the cache."""
    return cached_form(weights) is not None


def find_cached(weights: Weights) -> Path:
    """The checkpoint of a known model that is in the cache, or of one's own; fetches nothing.

    The path is one for `checkpoint.find_checkpoint`. Raises `FetchError` where it is not there,
    or was cut off or changed since it was fetched.
    """
    if own := own_files(weights):
        return own
    folder = folder_of(weights)
    if form := cached_form(weights):
        return folder / form[-1].name
    wrong = [
        file.name
        for form in weights.forms
        for file in form
        if (folder / file.name).is_file() and not trusted(folder / file.name, file)
    ]
    state = f"{wrong[0]} there was cut off or changed" if wrong else "its files are not there"
    raise FetchError(
        f"{weights.name} is not in the cache ({folder}: {state}); fetch it with: "
        f"geonb fetch {weights.name}; or name a folder of your own in GEONB_{weights.name.upper()}"
    )
