"""The known models by name: which is taken, and whether its files are what they should be."""

import os
from collections.abc import Sequence
from pathlib import Path

from geonb.earth.cells import CELLS_FILE
from geonb.errors import CheckpointError, FetchError, ModelError
from geonb.files import md5
from geonb.network.opening import Precision, find_checkpoint
from geonb.weights import fetching
from geonb.weights.fetching import command, installed, own_files, variable
from geonb.weights.registry import GEOCLIP, REGISTRY, Weights, known


def choose(precision: str) -> tuple[str, str]:
    """The model for those who name none, and the reason in words: the rule for everyone.

    It is what GEONB_MODEL names, or else the first known model that is on this machine.
    """
    if named := os.environ.get("GEONB_MODEL"):
        return named, f"GEONB_MODEL is {named}"
    for weights in REGISTRY.values():
        if not weights.shipped and installed(weights.of_precision(precision)):
            return weights.name, f"{weights.title.partition(' (')[0]} is on this machine"
    small = GEOCLIP.of_precision("int8")
    way = f"the notebook Your photos, or {command(small)}, gets one ({small.size / 1e6:,.0f} MB)"
    if installed(small):
        way = 'precision="int8" takes GeoCLIP'
    return "mini", f"no model for real photos is here yet; {way}"


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
    sizes of its arrays, and by its labels, whose digest is the cell list's; GeoCLIP as far as it
    can be.
    """
    from geonb.network import coreml, geoclip, onnx_reading

    if weights.name != "locationnet":
        geoclip.verify(path, name)
        return
    if name.endswith(".onnx"):  # its layers have other names: only its labels are known
        labels: Sequence[str] = onnx_reading.read_labels(path, onnx_reading.read_onnx(path))
    else:
        labels = coreml.CoremlFile(path).read().labels
    lines = "".join(f"{label}\n" for label in labels)
    cells = next(file for file in weights.forms[0] if file.name == CELLS_FILE)
    if md5(lines.encode()) != cells.md5:
        raise CheckpointError(f"its {len(labels):,} labels are not the cells of {weights.name}")
