"""Test sets of papers as they are passed around: a folder of photos beside a CSV, known by name."""

from __future__ import annotations

from pathlib import Path

from geonb.errors import EvaluationError

KNOWN_SETS = {
    "im2gps3k": "IM2GPS3k",
    "yfcc4k": "YFCC4k",
    "yfcc26k": "YFCC26k",
    "yfcc25600": "YFCC26k",
    "gws15k": "GWS15k",
    "osv5m": "OSV-5M",
}
"""What a file's or a folder's name holds, and what published rows call that set: 2,997, 4,536,
25,600, 14,955 and 210,122 photos."""


def known_set(path: Path) -> str:
    """Which test set a file or folder belongs to, by its name or its folders'; empty if none."""
    for part in path.parts[:-5:-1]:
        plain = part.lower().replace("-", "").replace("_", "")
        if found := next((name for key, name in KNOWN_SETS.items() if key in plain), ""):
            return found
    return ""


def table_of(folder: Path) -> Path | None:
    """The CSV of the test set whose photos a folder holds: in it, beside it, or further up.

    Raises `EvaluationError` if there are several, none of which is called ``test``.
    """
    name = known_set(folder)
    for place in (folder, *folder.parents[:3]) if name else ():
        tables = [path for path in sorted(place.glob("*.csv")) if known_set(path) == name]
        tables = [path for path in tables if path.stem == "test"] or tables
        if len(tables) > 1:
            names = ", ".join(table.name for table in tables[:3])
            raise EvaluationError(
                f"{place}: {len(tables)} tables of {name} ({names}); name one, not the folder"
            )
        if tables:
            return tables[0]
    return None


def photo_folders(table: Path) -> list[Path]:
    """Where the photos of a table may lie, apart from where it says: in a folder of its name.

    Those of a known test set lie in a folder that is called after the set, or anywhere below.
    """
    name = known_set(table.resolve())
    beside = sorted(path for path in table.parent.iterdir() if path.is_dir())
    named = [path for path in beside if path.name == table.stem]
    of_set = [path for path in beside if name and known_set(Path(path.name)) == name]
    return named or of_set or ([table.parent] if name else [])
