"""A head: a last layer of your own on the network of another model, which stays where it is."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.errors import CheckpointError
from geonb.files import cache_folder, expecting
from geonb.network.checkpoint import CheckpointFiles
from geonb.network.onnx_graphs import end_with_classes
from geonb.network.tensors import check_stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from geonb.network.derived import Derived
    from geonb.preprocessing import Recipe

HEAD_FILE = "head.json"
"""Says which network a head is for; a folder with it is a model."""
_ARRAYS = "head.npz"


@dataclass(frozen=True)
class HeadFiles(CheckpointFiles):
    """A head's files, and those of the network that it stands on."""

    path: Path
    base: CheckpointFiles
    recipe: Recipe
    """The network's."""
    only_onnx: bool
    """Whether the network is."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The head's two files, then the network's."""
        return (self.path, self.path.with_name(_ARRAYS), *self.base.paths)

    @property
    def prefix(self) -> str:
        """The head's folder."""
        return str(self.path.parent)

    def derive(
        self, kind: str, make: Callable[[Path], None], maker: str = "", copies: int = 2
    ) -> Derived:
        """See `CheckpointFiles.derive`."""
        if self.base.only_onnx:
            self.base.cells()  # GeoCLIP's are derived themselves, and one derives at a time
            copies = 0  # its weights stay where they are
        return super().derive(kind, make, maker, copies)

    @property
    def packed(self) -> Derived | None:
        """The network's; see `CheckpointFiles.packed`."""
        return self.base.packed

    def write_onnx(self, folder: Path) -> None:
        """Write the network with this last layer as ``model.onnx``. Raises `CheckpointError`."""
        self.base.write_onnx(folder)
        self._replace_last_layer(folder)

    def write_packed(self, folder: Path) -> None:
        """See `CheckpointFiles.write_packed`."""
        self.base.write_packed(folder)
        self._replace_last_layer(folder)

    def _replace_last_layer(self, folder: Path) -> None:
        import onnx
        from onnx import numpy_helper

        weight, bias = self.arrays()
        model = onnx.load(folder / "model.onnx", load_external_data=False)
        graph = model.graph
        last, features = _last_layer(graph, self.base.paths[0].name)
        gone = set(graph.node[last].input[1:])
        width = next(t.dims[1] for t in graph.initializer if t.name in gone and len(t.dims) == 2)
        if width != weight.shape[1]:
            raise CheckpointError(
                f"{self.path}: the head is for {weight.shape[1]} features, the network "
                f"{self.base.paths[0].name} has {width}; fit the head on this network"
            )
        kept = [tensor for tensor in graph.initializer if tensor.name not in gone]
        del graph.initializer[:], graph.node[last:]
        graph.initializer.extend(kept)
        for name, array in (("head_weight", weight), ("head_bias", bias)):
            graph.initializer.append(numpy_helper.from_array(array, name))
        end_with_classes(graph, (features, "head_weight", "head_bias"), len(bias))
        (folder / "model.onnx").write_bytes(model.SerializeToString())

    def arrays(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights (classes, features) and biases (classes,). Raises `CheckpointError`."""
        path = self.path.with_name(_ARRAYS)
        with _expecting_head(path):
            with zipfile.ZipFile(path) as archive:
                check_stored(archive)
            with np.load(path, allow_pickle=False) as stored:
                weight, bias = stored["weight"], stored["bias"]
            fits = weight.ndim == 2 and bias.shape == weight.shape[:1]
            if fits and np.isfinite(weight).all() and np.isfinite(bias).all():
                return weight.astype(np.float32), bias.astype(np.float32)
        raise CheckpointError(f"{path}: not a head's weights and biases; fit it again")


def _expecting_head(path: Path) -> AbstractContextManager[None]:
    what, advice = "a head as geonb writes it", "; fit it again"
    return expecting(path, what, CheckpointError, zipfile.BadZipFile, RuntimeError, advice=advice)


def write_head(folder: Path, name: str, base: CheckpointFiles, arrays: tuple[Any, Any]) -> None:
    """Write a head on the network ``base``, known as ``name``, into ``folder``. Raises `OSError`.

    ``arrays`` are its weights (classes, features) and biases (classes,). The network is referred
    to by its place in the cache or in geonb, if it is there, and by a digest of its content.
    """
    np.savez(folder / _ARRAYS, weight=arrays[0], bias=arrays[1])
    path = Path(base.prefix).resolve()
    at, anchor = next(
        ((at, anchor) for at, anchor in _anchors().items() if path.is_relative_to(anchor)),
        ("disk", Path(path.anchor)),
    )
    told = {"name": name, "at": at, "path": path.relative_to(anchor).as_posix()}
    told["digest"] = base.digest()
    text = json.dumps({"backbone": told}, indent=2)
    (folder / HEAD_FILE).write_text(text + "\n", encoding="utf-8")


def _anchors() -> dict[str, Path]:
    """Where networks lie that other machines have elsewhere."""
    return {"geonb": Path(__file__).parents[1].resolve(), "cache": cache_folder().resolve()}


def find_head(folder: Path, find: Callable[[Path], CheckpointFiles]) -> HeadFiles:
    """Find a head in ``folder``, and ``find`` its network. Raises `CheckpointError`."""
    path = folder / HEAD_FILE
    with _expecting_head(path):
        told = json.loads(path.read_text(encoding="utf-8"))["backbone"]
        anchor = {**_anchors(), "disk": Path(folder.resolve().anchor)}[told["at"]]
        place, name, digest = anchor / told["path"], str(told["name"]), told["digest"]
    try:
        base = find(place)
        same = base.digest() == digest
    except (CheckpointError, RecursionError) as error:  # a head may stand on itself
        raise CheckpointError(
            f"{path}: its network {name} is not at {place}; fetch it with geonb fetch {name}, "
            "or fit the head again"
        ) from error
    if not same:
        raise CheckpointError(
            f"{path}: it was fitted on another network than the {name} at {place}; "
            "fetch that one again, or fit the head again"
        )
    return HeadFiles(path, base, base.recipe, base.only_onnx)


def write_features_onnx(base: CheckpointFiles, folder: Path) -> str:
    """Write ``model.onnx`` that also gives what its last layer reads; return that output's name."""
    import onnx
    from onnx import TensorProto, helper

    base.write_onnx(folder)
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    _, features = _last_layer(model.graph, base.paths[0].name)
    output = helper.make_tensor_value_info(features, TensorProto.FLOAT, None)
    model.graph.output.append(output)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return features


def _last_layer(graph: Any, name: str) -> tuple[int, str]:
    """The number of the node that weighs the classes, and the name of what it reads."""
    dense = [i for i, node in enumerate(graph.node) if node.op_type == "Gemm"]
    if not dense:
        raise CheckpointError(f"{name}: the network has no dense layer, so a head can't replace it")
    return dense[-1], graph.node[dense[-1]].input[0]
