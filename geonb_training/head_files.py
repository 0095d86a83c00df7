"""What a head is fitted on, and the files that it is written to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geonb.network.head import ARRAYS_FILE, HEAD_FILE, anchors
from geonb.network.sessions import open_session, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geonb.network.checkpoint import CheckpointFiles


def open_features(
    files: CheckpointFiles, folder: Path
) -> Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """What gives, for N photos, the features (N, width) and probabilities (N, classes).

    ``folder`` is for what is derived, and may be removed after this. Raises `CheckpointError`.
    """
    files.write_onnx(folder, ("features", "probabilities"))
    session = open_session(folder / "model.onnx", prepack=True)
    last = files.last

    def look(batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        values, *rest = run(session, batch)
        if last is None:
            return values, rest[0]
        return last.features(values), last.probabilities(values)

    return look


def write_head(folder: Path, name: str, base: CheckpointFiles, arrays: tuple[Any, Any]) -> None:
    """Write a head on the network ``base``, known as ``name``, into ``folder``. Raises `OSError`.

    ``arrays`` are its weights (classes, features) and biases (classes,). The network is referred
    to by its place in the cache or in geonb, if it is there, and by a digest of its content.
    """
    np.savez(folder / ARRAYS_FILE, weight=arrays[0], bias=arrays[1])
    path = Path(base.prefix).resolve()
    at, anchor = next(
        ((at, anchor) for at, anchor in anchors().items() if path.is_relative_to(anchor)),
        ("disk", Path(path.anchor)),
    )
    told = {"name": name, "at": at, "path": path.relative_to(anchor).as_posix()}
    told["digest"] = base.digest()
    text = json.dumps({"backbone": told}, indent=2)
    (folder / HEAD_FILE).write_text(text + "\n", encoding="utf-8")
