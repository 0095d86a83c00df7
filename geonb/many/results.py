"""Predictions for many photos: decoded in threads beside the network, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Sized
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from geonb.errors import GeonbError, PhotoError
from geonb.model import BATCH
from geonb.network.sessions import cpu_limit
from geonb.photos.photo import Photo, open_photo
from geonb.predictions import Predictions, rank
from geonb.preprocessing import preprocess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from geonb.earth.within import Within
    from geonb.model import Model
    from geonb.photos.photo import PhotoSource

    Prepared: TypeAlias = tuple[Photo, NDArray[np.float32]]

_AHEAD = 2
"""Batches that are read and decoded while the network runs one."""


@dataclass(frozen=True)
class Result:
    """What became of one photo of many.

    Attributes:
        photo: The photo's name: its path or address, as it was given.
        predictions: The most probable places; None if the photo can't be located.
        error: Why not, in one line; None if it was located.
    """

    photo: str
    predictions: Predictions | None = None
    error: GeonbError | None = None


def predict_many(  # noqa: PLR0913
    model: Model,
    photos: Iterable[PhotoSource],
    top: int = 5,
    *,
    within: Within | None = None,
    spread_km: float | None = None,
    batch: int = BATCH,
    progress: bool = True,
    allow_private: bool = False,
) -> Iterator[Result]:
    """Predict where each of many photos was taken: one `Result` per photo, in their order.

    Threads read, decode and prepare photos while the network runs a ``batch`` of them; only the
    photos of a few batches are in memory, however many there are. ``photos`` may be any iterable,
    a generator too. A photo that fails gives a result with its error, and the run goes on.
    ``within`` and ``spread_km`` are those of `predict`. ``progress`` shows photos a second and
    the time left on stderr; ``allow_private`` is that of `open_photo`.

    Raises `ModelError` if the network itself is broken, or ``batch`` is below 1.
    """
    from tqdm.auto import tqdm

    if batch < 1:
        raise ValueError(f"batch is the number of photos run together, at least 1, not {batch}")
    choose = partial(rank, model, top=top, within=within, spread_km=spread_km)
    total = len(photos) if isinstance(photos, Sized) else None
    with tqdm(total=total, desc=model.name, unit="photo", disable=not progress) as bar:
        for some in _batches(photos, batch, partial(_prepare, model, allow_private)):
            for result in _run(model, some, choose):
                yield result
                bar.update()


def _batches(
    photos: Iterable[PhotoSource], batch: int, prepare: Callable[[PhotoSource], Prepared]
) -> Iterator[list[tuple[PhotoSource, Future[Prepared]]]]:
    """Batches of photos being prepared, of which `_AHEAD` more are on their way."""
    sources = iter(photos)
    waiting: deque[list[tuple[PhotoSource, Future[Prepared]]]] = deque()
    with ThreadPoolExecutor(cpu_limit() + 1, "geonb-photo") as pool:
        try:
            while True:
                while len(waiting) <= _AHEAD and (some := list(islice(sources, batch))):
                    waiting.append([(s, pool.submit(prepare, s)) for s in some])
                if not waiting:
                    return
                yield waiting.popleft()
        finally:  # also when the caller stops early
            pool.shutdown(cancel_futures=True)


def _prepare(model: Model, allow_private: bool, source: PhotoSource) -> Prepared:  # noqa: FBT001
    photo = open_photo(source, allow_private=allow_private)
    return photo, preprocess(photo, recipe=model.recipe)


def _run(
    model: Model,
    batch: list[tuple[PhotoSource, Future[Prepared]]],
    choose: Callable[[Photo, NDArray[np.float32]], Predictions],
) -> Iterator[Result]:
    """Run the network once, on those photos of the batch that could be prepared."""
    prepared: list[Prepared | PhotoError] = []
    for _, future in batch:
        try:
            prepared.append(future.result())
        except PhotoError as error:
            prepared.append(error)
    squares = [item[1] for item in prepared if isinstance(item, tuple)]
    answers = iter(model.run(np.concatenate(squares)) if squares else ())  # (cells,) each
    for (source, _), item in zip(batch, prepared, strict=True):
        if isinstance(item, PhotoError):
            yield Result(_name(source), None, item)
            continue
        photo = item[0]
        try:
            yield Result(photo.name, choose(photo, next(answers)), None)
        except GeonbError as error:  # such as a place in EXIF that is none
            yield Result(photo.name, None, error)


def _name(source: PhotoSource) -> str:
    """What to call a photo that can't be opened."""
    if isinstance(source, Photo):
        return source.name
    return f"{type(source).__name__}" if isinstance(source, bytes | bytearray) else str(source)
