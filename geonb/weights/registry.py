"""The known models, as data: their files and addresses, and their source, licence and citation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from geonb.earth.cells import CELLS_FILE


@dataclass(frozen=True)
class WeightsFile:
    """One file of a model.

    Attributes:
        name: Its name in the cache.
        mirrors: Addresses (or local paths) that may have it, in the order in which they are tried.
        md5: MD5 of its content; empty if none was ever published.
        size: Bytes; 0 if that isn't known.
        sha256: SHA-256 of its content, if that was published.
    """

    name: str
    mirrors: tuple[str, ...] = ()
    md5: str = ""
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class Weights:
    """What is known of a model before its files are opened.

    Attributes:
        name: What `load_model` calls it.
        title: What people call it.
        forms: Sets of files, each a whole model, with its large file last; the first that can be
            fetched is taken.
        licence: The licence's short name.
        attribution: Whom to name where its answers are shown.
        source: Address of the publication.
        citation: The paper to cite.
        note: What has to be said beside its answers.
        architecture: `layers.architecture` of its network, which covers layers and shapes.
        int8: The files for int8, if its publishers have quantised it; otherwise geonb does.
        shipped: Its checkpoint, if it comes with geonb; such a model is never fetched.
        size: Bytes of the first form's files.
        quantised: Whether its files are int8 already.
        command: What fetches it, typed into a terminal.
    """

    name: str
    title: str
    forms: tuple[tuple[WeightsFile, ...], ...]
    licence: str
    attribution: str
    source: str
    citation: str = ""
    note: str = ""
    architecture: str = ""
    int8: tuple[WeightsFile, ...] = ()
    shipped: Path | None = None

    @property
    def size(self) -> int:
        """Bytes of the first form's files."""
        return sum(file.size for file in self.forms[0])

    @property
    def quantised(self) -> bool:
        """Whether its files are int8 already."""
        return self.forms == (self.int8,)

    def of_precision(self, precision: str) -> Weights:
        """The record with the files for this precision alone."""
        return replace(self, forms=(self.int8,)) if precision == "int8" and self.int8 else self


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
        (
            _CELLS,
            WeightsFile(
                "RN1015k500.onnx",
                ("https://cwonnxstorage.blob.core.windows.net/onnx/RN1015k500.onnx",),
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
_HUB = "https://huggingface.co/Xenova/geoclip-large-patch14/resolve/"


def _of_hub(path: str, size: int, sha256: str = "") -> WeightsFile:
    """A file of GeoCLIP's ONNX form, at the revision that was seen; else at the newest."""
    mirrors = tuple(f"{_HUB}{revision}/{path}" for revision in ("4cc99c7", "main"))
    return WeightsFile(Path(path).name, mirrors, size=size, sha256=sha256)


_PLACES = (
    _of_hub("gps_gallery/coordinates_100K.json", 2_000_000),
    _of_hub(
        "onnx/location_model.onnx",
        37_808_863,
        "b6f75032491fd06e9d37d4d0353e5904c96edd49ee2858358644829a408a0269",
    ),
)
GEOCLIP = Weights(
    name="geoclip",
    title="GeoCLIP (CLIP ViT-L/14, 100,000 places)",
    forms=(
        (
            *_PLACES,
            _of_hub(
                "onnx/vision_model.onnx",
                1_220_407_251,
                "be5e445d71789363360e94657263e077ebbc21111526209707c31ff61c2acfaa",
            ),
        ),
    ),
    int8=(*_PLACES, _of_hub("onnx/vision_model_quantized.onnx", 307_000_000)),
    licence="MIT",
    attribution="GeoCLIP by Vicente Vivanco Cepeda, Gaurav Kumar Nayak and Mubarak Shah",
    source="https://github.com/VicenteVivan/geo-clip",
    citation=(
        "V. Vivanco Cepeda, G. K. Nayak and M. Shah, GeoCLIP: Clip-Inspired Alignment between "
        "Locations and Images for Effective Worldwide Geo-localization, NeurIPS 2023"
    ),
    note=(
        "GeoCLIP is by Vivanco Cepeda, Nayak and Shah, MIT; it sees with OpenAI's CLIP, whose "
        "weights name no licence of their own and whose model card calls deployment out of scope"
    ),
)
GEOCLIP_PLACES = replace(GEOCLIP, forms=(_PLACES,), int8=())
"""What compares places without a photo: the location encoder and the gallery."""
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
REGISTRY = {weights.name: weights for weights in (LOCATIONNET, GEOCLIP, MINI)}
"""By name; a user who names no model gets the first that is on this machine."""
