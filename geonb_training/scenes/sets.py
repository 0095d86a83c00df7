"""Sets of scenes: drawn one after the other, shown together, as a game, as a folder of photos."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from geonb.errors import TrainingError
from geonb.photos.photo import Photo
from geonb.shown.pictures import ShownPhoto, show_photo
from geonb_lab.evaluation.photo_sets import PhotoSet
from geonb_training.scenes.painting import SIZE
from geonb_training.scenes.photographers import Role, photographers
from geonb_training.scenes.scene import Scene, Shot, draw, shoot

EXAMPLES = {"tokyo": 21303, "lima": 22302, "nairobi": 21559, "paris": 22046, "cairo": 22209}
"""Which test photos come with geonb. Chosen by hand, of photographers whom no training has seen:
mini locates four of them without being sure, and gets Paris wrong."""


STEPS = ("spot", "spot", "city", "city", "region")
"""From easy to hard: a landmark in the picture, a street in town, the countryside."""


def held_out(count: int, seed: int = 1) -> Iterator[Scene]:
    """Draw ``count`` scenes of photographers whose photos no training has seen."""
    return (draw(shoot(number, "test", seed)) for number in range(count))


def example_shot(name: str = "tokyo") -> Shot:
    """What settles a photo that comes with geonb."""
    return shoot(EXAMPLES[name], "test", seed=1)


def round_of_scenes(seed: int = 0) -> list[Scene]:
    """Draw five scenes of five countries, the easiest first, by people new to every training."""
    chosen: list[Scene] = []
    numbers = count()
    while len(chosen) < len(STEPS):
        shot = shoot(next(numbers), "test", seed + 1000)
        countries = {scene.city.country for scene in chosen}
        if shot.setting == STEPS[len(chosen)] and shot.city.country not in countries:
            chosen.append(draw(shot))
    return chosen


def round_of_photos(seed: int = 0) -> list[Photo]:
    """The same as photos with their places, for `geonb_lab.play`; their names tell nothing."""
    return [
        Photo(f"photo {number}", scene.jpeg(), "A drawn street: where is it?")
        for number, scene in enumerate(round_of_scenes(seed), start=1)
    ]


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
    """Write scenes as JPEG files with EXIF, one folder per photographer; keeps existing files.

    ``people`` of the training's photographers took them. Raises `TrainingError` for fewer than
    one, or a negative number of scenes, and `PhotoError` if a file can't be written.
    """
    known = {p.number for p in photographers("train")[: max(0, people)]}
    if scenes < 0 or not known:
        raise TrainingError(
            f"expected 0 scenes or more by 1 photographer or more; got {scenes} by {people}"
        )
    shots = ((number, shoot(number)) for number in count())
    write_shots(folder, islice((s for s in shots if s[1].photographer.number in known), scenes))


def write_shots(folder: Path, shots: Iterable[tuple[int, Shot]]) -> None:
    """Write numbered shots in one folder per photographer; existing files are kept."""
    for number, shot in tqdm([*shots], "drawing", unit="scene", leave=False, delay=1):
        path = folder / f"photographer-{shot.photographer.number}" / f"{number}.jpg"
        if not path.is_file():
            draw(shot).save(path)


def draw_set(folder: Path, scenes: int, role: Role, seed: int = 0) -> PhotoSet:
    """Write the first scenes of a set as lossless PNG files of about 100 kB each."""
    shots = [shoot(number, role, seed) for number in range(scenes)]
    paths = [folder / role / f"{number}.png" for number in range(scenes)]
    for shot, path in tqdm(zip(shots, paths, strict=True), f"drawing {role}", scenes, unit="scene"):
        draw(shot).save(path)
    places = np.array([shot.place for shot in shots])
    people = tuple(f"{role} {shot.photographer.number}" for shot in shots)
    return PhotoSet(f"drawn scenes, {role}", tuple(map(str, paths)), places, people, {})
