"""Files that are derived once, such as a network's ONNX form, and found in the cache after that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geonb import __version__
from geonb.files import DERIVED, cache_folder, file_digest, is_private

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "sizes"
"""Lists a derived folder's files: name, size in bytes, MD5."""


@dataclass(frozen=True)
class Derived:
    """A folder of derived files; a temporary one is removed when nothing refers to it any more."""

    folder: Path


@dataclass(frozen=True)
class Wanted:
    """What is to be derived."""

    owner: str
    """The model that it is derived from."""
    content: str
    """Digests of what it is made of, and its kind."""
    maker: str = ""
    """The release of other software that shapes the files."""

    @property
    def name(self) -> str:
        """What its folder is called in the cache."""
        return f"{self.owner}-{self.content}-{__version__}{self.maker and f'-{self.maker}'}"

    def is_superseded(self, name: str) -> bool:
        """Whether the folder ``name`` was never finished, or is of another release."""
        _, found, other = name.rpartition(f"-{__version__}")
        return not found or (self.maker != "" and other not in {"", f"-{self.maker}"})

    def find(self) -> Derived | None:
        """Its folder if it is in the cache, whole, unchanged, and nobody else's work."""
        folder = cache_folder() / DERIVED / self.name
        try:
            lines = (folder / MANIFEST).read_text(encoding="utf-8").splitlines()
            rows = [(folder / file, size, digest) for file, size, digest in map(str.split, lines)]
            whole = bool(rows) and all(
                file.stat().st_size == int(size) and file_digest(file) == digest
                for file, size, digest in rows
            )
            private = all(map(is_private, (folder, *folder.iterdir())))
        except (OSError, ValueError):
            return None
        return Derived(folder) if whole and private else None
