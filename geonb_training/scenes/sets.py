"""Sets of scenes: drawn one after the other, shown together, written as a folder of photos."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from PIL import Image

from geonb.shown.photos import show_photo
from geonb_training.scenes.canvas import SIZE
from geonb_training.scenes.photographers import photographers
from geonb_training.scenes.scene import draw, shoot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from geonb.shown.photos import ShownPhoto
    from geonb_training.scenes.scene import Scene


def held_out(count: int, seed: int = 1) -> Iterator[Scene]:
    """Draw ``count`` scenes of photographers whose photos no training has seen."""
    return (draw(shoot(number, "test", seed)) for number in range(count))


def contact_sheet(scenes: Sequence[Scene], columns: int = 6) -> ShownPhoto:
    """Show scenes in one picture, row by row; its words name the clues, not the cities."""
    width, height = SIZE
    sheet = Image.new("RGB", (columns * width, -(-len(scenes) // columns) * height))
    for i, scene in enumerate(scenes):
        sheet.paste(scene.image, (i % columns * width, i // columns * height))
    common = [clue for clue in scenes[0].clues if all(clue in scene.clues for scene in scenes)]
    words = [f"{len(scenes)} drawn street scenes, {columns} in a row; in all: {', '.join(common)}"]
    for number, scene in enumerate(scenes, start=1):
        own = [clue for clue in scene.clues if clue not in common]
        words.append(f"in {number}: {', '.join(own) or 'nothing else'}")
    return show_photo(sheet, f"{'; '.join(words)}.", side=max(sheet.size))


def write_scenes(folder: Path, scenes: int, people: int) -> None:
    """Write scenes as JPEG files with EXIF, a folder a photographer; those that are there stay."""
    known = {p.number for p in photographers("train")[:people]}
    written = 0
    for number in count():
        if written == scenes:
            return
        shot = shoot(number)
        if shot.photographer.number in known:
            path = folder / f"photographer-{shot.photographer.number}" / f"{number}.jpg"
            if not path.is_file():
                draw(shot).save(path)
            written += 1
