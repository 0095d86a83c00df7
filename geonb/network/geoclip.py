"""GeoCLIP as a classifier: its files become one ONNX graph from a photo to a gallery of places.

Source: Vivanco Cepeda, Nayak, Shah, "GeoCLIP", NeurIPS 2023 (arXiv 2309.16020). The graph is the
vision model, then a layer whose weights are the embeddings of the places, then a softmax.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import CheckpointError, ModelError
from geonb.files import expecting, md5
from geonb.network.checkpoint import CheckpointFiles, short_digest, where_digest
from geonb.network.derived import Derived, derive
from geonb.network.gallery import open_gallery, points_digest, read_points
from geonb.network.onnx_graphs import end_with_classes, read_onnx, save_graph
from geonb.network.sessions import cpu_kind, has_vnni, runtime
from geonb.network.tensors import Stored, read_pth, read_safetensors
from geonb.preprocessing import Recipe

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from geonb.earth.cells import Cells
    from geonb.network.gallery import Gallery


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
_VISION_MODEL = "GeoCLIP's vision model"
_VISION = ("vision_model.onnx", "model.safetensors")
_VISION_INT8 = tuple(f"vision_model_{kind}.onnx" for kind in ("quantized", "uint8", "int8"))
_LOCATION = ("location_model.onnx", "location_encoder_weights.pth")
_GALLERY = ("coordinates_100K.json", "coordinates_100K.csv")


@dataclass(frozen=True, eq=False)
class GeoclipFiles(CheckpointFiles):
    """GeoCLIP's form: a vision model, a location encoder, and the places to choose from."""

    root: Path
    """The folder that holds them, here or in folders of its own."""
    vision: Path
    """``vision_model*.onnx``, or CLIP's ``model.safetensors`` with GeoCLIP's heads beside it."""
    location: Path
    """``location_model.onnx`` or ``location_encoder_weights.pth``."""
    points: NDArray[np.float64]
    """The gallery, (N, 2) degrees."""
    quantised: bool
    """Whether the vision model is int8 already."""

    recipe = CLIP_RECIPE
    only_onnx = True
    spread_km = 25.0

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of the two networks."""
        return self.vision, self.location, *self.heads

    @cached_property
    def heads(self) -> tuple[Path, ...]:
        """What GeoCLIP adds to CLIP, a small network and the scale, where ``vision`` is CLIP's."""
        if self.vision.suffix != ".safetensors":
            return ()
        names = ("image_encoder_mlp_weights.pth", "logit_scale_weights.pth")
        return tuple(_find(self.vision.parent, (name,), "GeoCLIP's heads") for name in names)

    @property
    def prefix(self) -> str:
        """The folder."""
        return str(self.root)

    def cells(self) -> Cells:
        """One cell per place of the gallery."""
        return self.gallery.cells

    @cached_property
    def gallery(self) -> Gallery:
        """The places with their embeddings, which are worked out once."""
        return open_gallery(self.location, self.points, self.owner)

    @cached_property
    def signed(self) -> Derived | None:
        """The int8 weights as this processor multiplies them best; None if that's as they are."""
        if not self.quantised or not has_vnni():
            return None
        from geonb.network.signed import write_signed

        make = partial(write_signed, self.vision)
        return self._derive_weights(self._signed_name, make)

    @cached_property
    def packed(self) -> Derived | None:
        """The float32 weights as this processor multiplies them best.

        None if that's as they are, or if the disk has no room for a copy.
        """
        if self.quantised:
            return None
        name, maker = f"{self._packed_name}-{cpu_kind()}", runtime().__version__
        from geonb.network.packed import block_size, pack_weights

        if not (block := block_size()):
            return None
        # Without room, or with a graph that is broken, the weights are used where they are.
        with suppress(ModelError), expecting(self.vision, _VISION_MODEL, CheckpointError):
            make = partial(pack_weights, *self._vision(), block=block)
            return self._derive_weights(name, make, maker)
        return None

    def _derive_weights(self, name: str, make: Callable[[Path], None], maker: str = "") -> Derived:
        return derive(self.owner, name, make, maker, self.vision.stat().st_size)

    @property
    def _signed_name(self) -> str:
        return f"signed-{short_digest(self.vision)}"

    @property
    def _packed_name(self) -> str:
        return f"packed-{short_digest(self.vision)}"

    def digest(self) -> str:
        """Of the networks, the gallery, and the vision model's path, to which the graph points."""
        where = where_digest(self.vision)
        return "-".join((super().digest(), points_digest(self.points), where))

    def write_onnx(self, folder: Path) -> None:
        """Write ``model.onnx``; its large weights stay in the files that they lie in.

        Input ``data`` (N, 3, 224, 224), output (N, places). Raises `CheckpointError`.
        """
        self._write(folder, *self._vision())

    def write_packed(self, folder: Path) -> None:
        """See `CheckpointFiles.write_packed`."""
        model, stored = self._vision()
        if self.packed:
            from geonb.network.packed import use_packed

            with expecting(self.vision, _VISION_MODEL, CheckpointError):
                use_packed(model, stored, self.packed.folder)
        self._write(folder, model, stored)

    def _write(self, folder: Path, model: Any, stored: dict[str, Stored]) -> None:
        _append_gallery(model, self.gallery, self._scale())
        rows = self.gallery.embeddings
        stored["gallery"] = Stored(Path(str(rows.filename)), rows.shape, "<f4", rows.offset)
        save_graph(model, stored, folder)

    def derive(
        self, kind: str, make: Callable[[Path], None], maker: str = "", copies: int = 0
    ) -> Derived:
        """See `CheckpointFiles.derive`; only a graph is made, which needs little space."""
        _ = self.gallery, self.signed  # are derived themselves, and one derives at a time
        return super().derive(kind, make, maker, 0 * copies)

    def _vision(self) -> tuple[Any, dict[str, Stored]]:
        """The vision model as an ONNX graph that reads ``data``, and its weights."""
        from onnx import helper

        if self.heads:
            from geonb.network.clip import clip_vision

            mlp = read_pth(self.heads[0])
            model, stored = clip_vision(self.vision, read_safetensors(self.vision), mlp)
        else:
            model, stored = read_onnx(self.vision)
            if self.signed:
                from geonb.network.signed import use_signed

                use_signed(model, stored, self.signed.folder)
        pixels = _check_vision(self.vision, model.graph)
        model.graph.node.insert(0, helper.make_node("Identity", ["data"], ["pixel_values"]))
        pixels.name = "data"
        return model, stored

    def _scale(self) -> float:
        """What the products of unit vectors are multiplied by."""
        learned = 3.681034803390503  # a logarithm; the ONNX files leave it out
        if self.heads:
            learned = read_pth(self.heads[1])
        return float(np.exp(learned))


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
    vision = _find(folder, _VISION_INT8 if int8 else _VISION, _VISION_MODEL, pip=False)
    location = find_location(folder)
    points = find_points(folder) if gallery is None else read_points(gallery)
    return GeoclipFiles(folder, vision, location, points, int8)


def find_location(folder: Path) -> Path:
    """The location encoder in ``folder``, or in pip's ``geoclip``. Raises `CheckpointError`."""
    return _find(folder, _LOCATION, "GeoCLIP's location encoder")


def find_points(folder: Path) -> NDArray[np.float64]:
    """The gallery in ``folder``, or in pip's ``geoclip``, (N, 2) degrees."""
    return read_points(_find(folder, _GALLERY, "GeoCLIP's gallery"))


def pip_folder() -> Path | None:
    """Where pip's ``geoclip`` keeps its files; None if it isn't installed."""
    spec = find_spec("geoclip")  # found, not imported: that would import torch
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def _find(folder: Path, names: tuple[str, ...], what: str, *, pip: bool = True) -> Path:
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
        _check_vision(path, read_onnx(path)[0].graph)
        return
    rows = "\n".join(f"{lat:.4f} {lng:.4f}" for lat, lng in read_points(path).tolist())
    if (digest := md5(rows.encode())) != GALLERY_MD5:
        raise CheckpointError(f"not GeoCLIP's gallery (MD5 {digest} of rows)")


def _check_vision(path: Path, graph: Any) -> Any:
    """The graph's input. Raises `CheckpointError` if it isn't that of a vision model."""
    pixels = next((i for i in graph.input if i.name == "pixel_values"), None)
    if pixels is None or "image_embeds" not in {o.name for o in graph.output}:
        raise CheckpointError(
            f"{path}: not GeoCLIP's vision model; expected an input pixel_values and an output "
            "image_embeds"
        )
    return pixels


def _append_gallery(model: Any, gallery: Gallery, scale: float) -> None:
    """Let the graph go on from ``image_embeds`` to the probability of each place.

    A place that is listed n times has n times the probability: log n is added.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    embedded = next(o for o in graph.output if o.name == "image_embeds")
    width = embedded.type.tensor_type.shape.dim[-1].dim_value
    places, size = gallery.embeddings.shape
    if width not in {0, size}:
        raise CheckpointError(
            f"the vision model's embeddings have {width} numbers, the location encoder's {size}; "
            "are the files of two models?"
        )
    often = np.log(gallery.counts).astype(np.float32)
    graph.initializer.append(numpy_helper.from_array(often, "gallery_counts"))
    graph.node.append(helper.make_node("LpNormalization", ["image_embeds"], ["unit"], axis=1, p=2))
    end_with_classes(graph, ("unit", "gallery", "gallery_counts"), places, scale)
