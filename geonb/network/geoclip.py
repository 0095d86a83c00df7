"""GeoCLIP's files: a vision model, and a last layer that is the embeddings of a gallery's places.

Source: Vivanco Cepeda, Nayak, Shah, "GeoCLIP", NeurIPS 2023 (arXiv 2309.16020).
"""

import os
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geonb.earth.cells import Cells
from geonb.errors import CheckpointError
from geonb.files import expecting, md5
from geonb.kept import kept
from geonb.network.checkpoint import CheckpointFiles, LastLayer, short_digest
from geonb.network.gallery import Gallery, open_gallery, points_digest, read_points
from geonb.network.layers import Output
from geonb.network.sessions import has_vnni
from geonb.network.torch_files import read_pth
from geonb.preprocessing import Recipe

CLIP_RECIPE = Recipe(
    scale=1.0,
    mean=(0.48145466, 0.4578275, 0.40821073),
    deviation=(0.26862954, 0.26130258, 0.27577711),
    resize="bicubic",
)
"""CLIP's recipe; GeoCLIP's. Source: preprocessor_config.json of openai/clip-vit-large-patch14."""
GALLERY_MD5 = "99c670dd078d0006693a2b4abf70dba0"
"""Of the rows of GeoCLIP's gallery, "%.4f %.4f" each."""
_FOLDERS = (".", "onnx", "gps_gallery", "weights")
"""Where the files lie in their folder, in their repository and in pip's ``geoclip``."""
_VISION = ("vision_model.onnx", "model.safetensors")
_VISION_INT8 = tuple(f"vision_model_{kind}.onnx" for kind in ("quantized", "uint8", "int8"))
_LOCATION = ("location_model.onnx", "location_encoder_weights.pth")
_GALLERY = ("coordinates_100K.json", "coordinates_100K.csv")


@dataclass(frozen=True, eq=False)
class GeoclipFiles(CheckpointFiles):
    """GeoCLIP's form: a vision model, a location encoder, and the places to choose from."""

    root: Path  # the folder that holds them, here or in folders of its own
    vision: Path  # an ONNX file, or CLIP's model.safetensors with GeoCLIP's heads beside it
    location: Path  # an ONNX file, or location_encoder_weights.pth
    points: NDArray[np.float64]  # the gallery, (N, 2) degrees
    quantised: bool

    recipe = CLIP_RECIPE
    only_onnx = True
    embeds = True
    spread_km = 25.0

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of the two networks."""
        return self.vision, self.location, *self.heads

    @property
    def folder(self) -> Path:
        """See `CheckpointFiles.folder`."""
        return self.root

    @kept
    def heads(self) -> tuple[Path, ...]:
        """What GeoCLIP adds to CLIP, a small network and the scale, where ``vision`` is CLIP's."""
        if self.vision.suffix != ".safetensors":
            return ()
        names = ("image_encoder_mlp_weights.pth", "logit_scale_weights.pth")
        return tuple(_file(self.vision.parent, (name,), "GeoCLIP's heads") for name in names)

    def cells(self) -> Cells:
        """One cell per place of the gallery."""
        return self.gallery.cells

    @kept
    def gallery(self) -> Gallery:
        """The places with their embeddings, which are worked out once."""
        return open_gallery(self.location, self.points, self.owner)

    @kept
    def last(self) -> LastLayer:
        """The places; one that is listed n times has n times the probability: log n is added."""
        learned = read_pth(self.heads[1]) if self.heads else 3.681034803390503  # a logarithm
        often = np.log(self.gallery.counts).astype(np.float32)
        with expecting(self.vision, "a CLIP with a scale beside it", CheckpointError, TypeError):
            scale = float(np.exp(learned))
        return LastLayer(self.gallery.embeddings, often, str(self.location), scale, unit=True)

    def digest(self) -> str:
        """Of the two networks and the gallery."""
        return f"{super().digest()}-{points_digest(self.points)}"

    def network_digest(self) -> str:
        """Of the vision model alone: galleries share it."""
        return "-".join(map(short_digest, (self.vision, *self.heads[:1])))

    def write_onnx(self, folder: Path, _: tuple[Output, ...] = ()) -> None:
        """Write the vision model: (N, 3, 224, 224) to embeddings (N, 512)."""
        # They import onnx, which a model that is converted already doesn't wait for.
        from geonb.network import clip, onnx_reading, onnx_writing

        if self.heads:
            clip.write_clip(self.vision, read_pth(self.heads[0]), folder)
            return
        model = onnx_reading.read_onnx(self.vision)
        graph = model.graph
        answer = _check_vision(self.vision, graph)
        onnx_reading.check_operators(self.vision, graph.node)
        del graph.output[:]
        graph.output.append(answer)
        if self.quantised and has_vnni():
            _use_signed_weights(graph)
        onnx_writing.save_onnx(model, folder)


def is_geoclip(path: Path) -> bool:
    """Whether ``path`` is a folder with a GeoCLIP, or a vision model of one."""
    names = (*_VISION, *_VISION_INT8)
    if not path.is_dir():
        return path.name in names
    return any((path / sub / name).is_file() for name in names for sub in _FOLDERS)


def find_geoclip(
    folder: Path, *, int8: bool = False, gallery: ArrayLike | str | os.PathLike[str] | None = None
) -> GeoclipFiles:
    """Find GeoCLIP's files in ``folder``; what it lacks but the vision model, in pip's ``geoclip``.

    ``int8`` takes the quantised vision model; ``gallery`` are places that replace its own.
    Raises `CheckpointError`, `CellsError`, `PlaceError`.
    """
    folder = folder if folder.is_dir() else folder.parent
    names = _VISION_INT8 if int8 else _VISION
    vision = _file(folder, names, "GeoCLIP's vision model", pip=False)
    location = find_location(folder)
    points = read_gallery(folder) if gallery is None else read_points(gallery)
    return GeoclipFiles(folder, vision, location, points, int8)


def find_location(folder: Path) -> Path:
    """The location encoder in ``folder``, or in pip's ``geoclip``. Raises `CheckpointError`."""
    return _file(folder, _LOCATION, "GeoCLIP's location encoder")


def read_gallery(folder: Path) -> NDArray[np.float64]:
    """The gallery in ``folder``, or in pip's ``geoclip``, (N, 2) degrees."""
    return read_points(_file(folder, _GALLERY, "GeoCLIP's gallery"))


def pip_folder() -> Path | None:
    """Where pip's ``geoclip`` keeps its files; None if it isn't installed."""
    spec = find_spec("geoclip")  # found, not imported: that would import torch
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def _file(folder: Path, names: tuple[str, ...], what: str, *, pip: bool = True) -> Path:
    beside = folder.parent if folder.name == "onnx" else None
    homes = (folder, beside, pip_folder() if pip else None)
    places = (home / sub / name for home in homes if home for name in names for sub in _FOLDERS)
    if found := next((place for place in places if place.is_file()), None):
        return found
    raise CheckpointError(
        f"{folder}: {what} is not there; expected {' or '.join(names)}; "
        "fetch it with: geonb fetch geoclip"
        + (", or: pip install --no-deps geoclip==1.3.0" if pip else "")
    )


def verify(path: Path, name: str) -> None:
    """Raise `GeonbError` if ``path`` is not the file of GeoCLIP that ``name`` promises.

    The gallery is known by the MD5 of its rows, to 4 decimals; a quantised vision model by its
    input and output, as no digest of it was ever published.
    """
    if name != _GALLERY[0]:
        from geonb.network.onnx_reading import read_onnx

        _check_vision(path, read_onnx(path).graph)
        return
    rows = "\n".join(f"{lat:.4f} {lng:.4f}" for lat, lng in read_points(path).tolist())
    if (digest := md5(rows.encode())) != GALLERY_MD5:
        raise CheckpointError(f"not GeoCLIP's gallery (MD5 {digest} of rows)")


def _check_vision(path: Path, graph: Any) -> Any:
    """The output that is the embedding. Raises `CheckpointError` without one."""
    outputs = {value.name: value for value in graph.output}
    photos = "pixel_values" in {value.name for value in graph.input}
    if not photos or "image_embeds" not in outputs:
        raise CheckpointError(
            f"{path}: not GeoCLIP's vision model; expected an input pixel_values and an output "
            "image_embeds"
        )
    return outputs["image_embeds"]


def _use_signed_weights(graph: Any) -> None:
    """Write unsigned 8-bit weights w as w - 128: 1.7 times as fast where the processor has VNNI.

    It has an instruction for activations by signed weights; without it, such products may overflow.
    The weights' zero point is moved alike: (w - 128) - (z - 128) = w - z.
    """
    from onnx import numpy_helper

    arrays = {tensor.name: tensor for tensor in graph.initializer}
    uses = Counter(name for node in graph.node for name in node.input)
    for node in graph.node:
        names = [name for name in (*node.input[1:2], *node.input[3:]) if name in arrays]
        if node.op_type != "MatMulInteger" or len(names) < 2 or {uses[n] for n in names} != {1}:
            continue
        for name in names:
            values = numpy_helper.to_array(arrays[name])
            if values.dtype == np.uint8:
                signed = (values ^ np.uint8(128)).view(np.int8)
                arrays[name].CopyFrom(numpy_helper.from_array(signed, name))
