"""The known models by name: which is taken, and whether its files are what they should be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from geonb.earth.cells import CELLS_FILE
from geonb.errors import CheckpointError, FetchError, ModelError
from geonb.files import md5
from geonb.network.opening import find_checkpoint
from geonb.weights.installed import command, installed, own_files, variable
from geonb.weights.registry import REGISTRY, known

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geonb.network.opening import Precision
    from geonb.weights.registry import Weights


def choose(precision: str) -> tuple[str, str]:
    """The model for those who name none, and the reason in words: the rule for everyone.

    It is what GEONB_MODEL names, or else the first known model that is on this machine.
    """
    if named := os.environ.get("GEONB_MODEL"):
        return named, f"GEONB_MODEL is {named}"
    absent = []
    for weights in REGISTRY.values():  # the last of them comes with geonb
        title = weights.title.partition(" (")[0]
        wanted, int8 = weights.of_precision(precision), weights.of_precision("int8")
        if installed(wanted):
            break
        way = f"{wanted.size / 1e6:,.0f} MB; {command(wanted)} brings it"
        if weights.int8 and installed(int8):
            way = 'but there in int8: precision="int8" takes that'
        absent.append(f"{title} is not in the cache ({way})")
    return weights.name, ", and ".join(absent) or f"{title} is on this machine"


def fetch(
    model: str | Weights,
    source: str | os.PathLike[str] | None = None,
    *,
    precision: Precision = "float32",
) -> Path:
    """Fetch a known model into the cache unless it is there already; return its checkpoint's path.

    The mirrors are tried in order, with a progress bar. A broken download is resumed, also by a
    later call. ``source`` is a file, a folder or an address (of one file, or ending with ``/``)
    to take files from first; they are verified the same way. No file gets its final name before
    it is verified. Files of your own, named in GEONB_LOCATIONNET, count as there already.
    ``precision="int8"`` takes the smaller files of a model whose publishers have quantised it.
    Raises `FetchError` with the address and the answer of every missing file.
    """
    from geonb.weights import fetching

    weights = known(model).of_precision(precision)
    path = fetching.fetch(weights, source, check_content)
    if path == own_files(weights):
        try:
            find_checkpoint(path, int8=weights.quantised)
        except ModelError as error:
            raise FetchError(f"{variable(weights)} is {path}, but {error}") from error
    return path


def check_content(weights: Weights, name: str, path: Path) -> None:
    """Raise `CheckpointError` if ``path`` isn't the file ``name`` of a known model.

    It is for files of which no digest was ever published. LocationNet is known by the names and
    shapes of its layers, and by its labels, whose digest is the cell list's; GeoCLIP as far as it
    can be.
    """
    from geonb.network import coreml, geoclip, layers, onnx_reading

    if not weights.architecture:
        geoclip.verify(path, name)
        return
    if name.endswith(".onnx"):  # its layers have other names: only its labels are known
        labels: Sequence[str] = onnx_reading.read_labels(path, onnx_reading.read_onnx(path))
    else:
        found = coreml.read_coreml(path)
        labels = found.labels
        if layers.architecture(found.layers) != weights.architecture:
            raise CheckpointError(
                f"not the network of {weights.name}: other layers or shapes, {len(labels):,} labels"
            )
    lines = "".join(f"{label}\n" for label in labels)
    cells = next(file for file in weights.forms[0] if file.name == CELLS_FILE)
    if md5(lines.encode()) != cells.md5:
        raise CheckpointError(f"its {len(labels):,} labels are not the cells of {weights.name}")
