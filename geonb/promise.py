"""A model's promise: how much of the probability a region must hold to contain the truth."""

import json
import os
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

from geonb.errors import ModelError, printable
from geonb.files import expecting, regular

PROMISE_FILE = "promise.json"
"""What a model has promised, beside its other files."""


@dataclass(frozen=True)
class Promise:
    """How much a region must hold to contain the truth nine times in ten, learned from photos.

    It holds for photos like those: on average over all of them, not for each kind.

    Attributes:
        coverage: What is promised: the share of photos whose region contains the truth, 0 to 1.
        share: The probability that a region must hold for it, 0 to 1.
        photos: How many photos it was learned on.
        test_set: Which photos.
        places: How many places the model has; the promise holds for no other model.
    """

    coverage: float
    share: float
    photos: int
    test_set: str
    places: int

    def __str__(self) -> str:
        photos = printable(self.test_set)
        return (
            f"to hold the true place of {self.coverage:.0%} of photos like {photos}, a region must "
            f"hold {self.share:.2%} of the probability (learned on {self.photos:,} photos)"
        )

    @property
    def in_words(self) -> str:
        """What a region that keeps the promise does."""
        few = Fraction(round(100 * self.coverage), 100)
        return (
            f"for {few.numerator} of {few.denominator} photos like {printable(self.test_set)}, a "
            "region like this holds the true place"
        )

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Store it in the folder of a model, where `load_model` finds it. Raises `OutputError`."""
        from geonb.writing import replacing

        with replacing(Path(folder) / PROMISE_FILE) as path:
            path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def read_promise(folder: Path, places: int) -> Promise | None:
    """The promise stored with a model of so many places; None if none. Raises `ModelError`."""
    path = folder / PROMISE_FILE
    with expecting(path, "a promise", ModelError, TypeError, advice="; remove the file"):
        if not path.exists():
            return None
        promise = Promise(**json.loads(regular(path).read_text(encoding="utf-8")))
        counts = type(promise.photos) is type(promise.places) is int and promise.photos > 0
        shares = 0 < promise.coverage < 1 and 0 < promise.share <= 1
        if not (counts and shares and isinstance(promise.test_set, str)):
            raise ValueError("shares from 0 to 1, counts, and the name of a test set")
    return promise if promise.places == places else None
