"""Compare what geonb reads of whole photo libraries with what exiftool reads.

``python benchmarks/photo_library.py FOLDER…`` opens every picture below the folders, and prints
how many agree on place, orientation and size, and what differs, by kind, with examples.
"""

import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, TypeAlias

import geonb
from geonb.errors import GeonbError
from geonb.photos.decoding import blocks_and_packets
from geonb.photos.metadata import read

ENDINGS = (
    *("jpg", "jpeg", "jpe", "mpo", "png", "webp", "gif", "tif", "tiff", "bmp", "heic", "heif"),
    *("avif", "dng", "cr2", "cr3", "nef", "arw", "raf", "orf", "rw2", "pef", "srw", "jxl", "psd"),
)
FIELDS = (
    "-FileType", "-Composite:GPSPosition", "-IFD0:Orientation", "-ImageWidth", "-ImageHeight",
    "-Warning", "-Error",
)  # fmt: skip
Row: TypeAlias = dict[str, Any]
SAME_DEGREES = 1e-4
SLOW_S = 2.0
EXAMPLES = 3


def told_by_exiftool(folder: Path) -> dict[str, Row]:
    """What exiftool says of each file, by path."""
    endings = [word for ending in ENDINGS for word in ("-ext", ending)]
    command = ["exiftool", "-json", "-n", "-r", "-q", *endings, *FIELDS, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return {row["SourceFile"]: row for row in json.loads(done.stdout or "[]")}


def compare(path: str, row: Row) -> list[tuple[str, str]]:
    """The kinds of difference of one file, each with what is to be seen of it."""
    begin = time.monotonic()
    try:
        photo = geonb.open_photo(path)
        size, place, source = photo.size, photo.place, photo.place_source
        turn = read(*blocks_and_packets(path, Path(path).read_bytes())[:2]).turn
        photo.image(224)
    except GeonbError as error:
        reason = re.sub(r"^.*?: ", "", str(error).removeprefix(f"{path}"))
        return [(f"refused: {re.sub('[0-9,]+', 'N', reason)[:70]}", "")]
    seconds = time.monotonic() - begin
    found = [(f"slower than {SLOW_S:g} s", f"{seconds:.1f} s")] if seconds > SLOW_S else []
    theirs = place_of(row)
    if source.endswith("(Google Takeout)") or ".xmp" in source.lower():
        found.append(("place from beside the file, which exiftool doesn't look for", source))
    elif bool(place) != bool(theirs):
        only = f"place only by {'geonb' if place else 'exiftool'}"
        found.append((only, f"{place or theirs} {source}"))
    elif (
        place
        and theirs
        and max(abs(a - b) for a, b in zip(place, theirs, strict=True)) > SAME_DEGREES
    ):
        found.append(("another place", f"{place} {source}, exiftool {theirs}"))
    their_turn = row.get("Orientation", 1)
    their_turn = their_turn if their_turn in range(1, 9) else 1
    if turn != their_turn and not photo.note:
        found.append(("another orientation", f"{turn}, exiftool {their_turn}"))
    width, height = row.get("ImageWidth"), row.get("ImageHeight")
    if width and sorted(size) != sorted((width, height)) and not photo.note:
        found.append(("another size", f"{size}, exiftool {(width, height)}"))
    return found


def place_of(row: Row) -> tuple[float, ...] | None:
    """(latitude, longitude) in degrees as exiftool says; None for none, and for 0, 0."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", str(row.get("GPSPosition", "")))
    place = tuple(map(float, numbers))
    return place if len(place) == 2 and place != (0, 0) else None


def main(folders: list[str]) -> None:
    kinds = defaultdict[str, list[str]](list)
    count = with_place = 0
    for folder in map(Path, folders):
        for path, row in sorted(told_by_exiftool(folder).items()):
            count += 1
            with_place += place_of(row) is not None
            for kind, seen in compare(path, row):
                kinds[kind].append(f"{path} {seen}")
    print(f"{count} files, {with_place} with a place by exiftool")
    for kind, examples in sorted(kinds.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(examples):5}  {kind}")
        for example in examples[:EXAMPLES]:
            print(f"         {example}")


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    main(sys.argv[1:])
