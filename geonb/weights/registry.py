"""The known models: what ``data/models.toml`` says of their files, source and licence."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from geonb.errors import ModelError
from geonb.files import DATA


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


Form: TypeAlias = tuple[WeightsFile, ...]
"""Files that are a whole model together, the large one last."""


@dataclass(frozen=True)
class Weights:
    """What is known of a model before its files are opened.

    Attributes:
        name: What `load_model` calls it.
        title: What people call it.
        forms: Sets of files, each a whole model; the first that can be fetched is taken.
        licence: The licence's short name.
        attribution: Whom to name where its answers are shown.
        source: Address of the publication.
        citation: The paper to cite.
        note: What has to be said beside its answers.
        int8: The files for int8, if its publishers have quantised it; otherwise geonb does.
        shipped: Its checkpoint, if it comes with geonb; such a model is never fetched.
    """

    name: str
    title: str
    forms: tuple[Form, ...]
    licence: str
    attribution: str
    source: str
    citation: str = ""
    note: str = ""
    int8: Form = ()
    shipped: Path | None = None

    @property
    def size(self) -> int:
        """Bytes of the first form's files."""
        return sum(file.size for file in self.forms[0])

    @property
    def quantised(self) -> bool:
        """Whether its files are int8 already."""
        return self.forms == (self.int8,)

    def of_precision(self, precision: str) -> "Weights":
        """The record with the files for this precision alone."""
        return replace(self, forms=(self.int8,)) if precision == "int8" and self.int8 else self


def _record(
    name: str,
    files: dict[str, dict[str, Any]],
    forms: list[list[str]],
    int8: Sequence[str] = (),
    shipped: str = "",
    **about: str,
) -> Weights:
    """The record of a model in ``models.toml``, where a form is a list of names of files.

    A mirror that is no address is a file that comes with geonb.
    """
    records = {}
    for file, facts in files.items():
        mirrors = (m if "://" in m else str(DATA / m) for m in facts.pop("mirrors", ()))
        records[file] = WeightsFile(file, tuple(mirrors), **facts)
    return Weights(
        name=name,
        forms=tuple(tuple(records[file] for file in form) for form in forms),
        int8=tuple(records[file] for file in int8),
        shipped=DATA / shipped if shipped else None,
        **about,
    )


_MODELS = tomllib.loads((DATA / "models.toml").read_text(encoding="utf-8"))
REGISTRY = {name: _record(name, **facts) for name, facts in _MODELS.items()}
"""By name; a user who names no model gets the first that is on this machine."""
LOCATIONNET, GEOCLIP = REGISTRY["locationnet"], REGISTRY["geoclip"]
GEOCLIP_PLACES = replace(GEOCLIP, forms=(GEOCLIP.forms[0][:-1],), int8=())
"""What compares places without a photo: the location encoder and the gallery."""


def known(model: str | Weights) -> Weights:
    """The record of a known model. Raises `ModelError` for another name."""
    if isinstance(model, Weights):
        return model
    if model not in REGISTRY:
        raise ModelError(f"no model {model!r:.200}; the known names are {', '.join(REGISTRY)}")
    return REGISTRY[model]
