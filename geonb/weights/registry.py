"""The known models, as data: their files and addresses, and their source, licence and citation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from geonb.earth.cells import CELLS_FILE


@dataclass(frozen=True)
class WeightsFile:
    """One file of a model."""

    name: str
    """Its name in the cache."""
    mirrors: tuple[str, ...] = ()
    """Addresses (or local paths) that may have it, in the order in which they are tried."""
    md5: str = ""
    """MD5 of its content; empty if none was ever published."""
    size: int = 0
    """Bytes; 0 if that isn't known."""


@dataclass(frozen=True)
class Weights:
    """What is known of a model before its files are opened."""

    name: str
    """What `load_model` calls it."""
    title: str
    """What people call it."""
    forms: tuple[tuple[WeightsFile, ...], ...]
    """Sets of files, each a whole model, with its large file last; the first that can be fetched
    is taken."""
    licence: str
    """The licence's short name."""
    attribution: str
    """Whom to name where its answers are shown."""
    source: str
    """Address of the publication."""
    citation: str = ""
    """The paper to cite."""
    note: str = ""
    """What must stand beside its answers."""
    architecture: str = ""
    """`layers.architecture` of its network, which covers layers and shapes."""
    shipped: Path | None = None
    """Its checkpoint, if it comes with geonb; such a model is never fetched."""

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
    shipped=Path(__file__).parents[1] / "data" / "mini",
    licence="BSD-3-Clause",
    attribution="geonb's mini model",
    source="geonb_training, on geonb_training.scenes",
    note="mini knows drawn street scenes only; its answer to a real photo means nothing",
)
REGISTRY = {weights.name: weights for weights in (LOCATIONNET, MINI)}
"""By name; a user who names no model gets the first that is on this machine."""
