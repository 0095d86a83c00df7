"""Predictions for many photos: threads prepare and locate them, in order and in bounded memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from geonb.earth.within import Within
from geonb.errors import GeonbError, PhotoError
from geonb.files import expanded
from geonb.model import Model
from geonb.network.checkpoint import Engine
from geonb.network.opening import OnnxEngine
from geonb.network.sessions import cpu_limit
from geonb.photos.photo import MAX_BYTES, Photo, PhotoSource, open_photo
from geonb.photos.urls import MAX_BYTES as URL_BYTES
from geonb.predictions import Predictions, rank
from geonb.preprocessing import preprocess
from geonb.web.addresses import is_address, redacted

Choose: TypeAlias = Callable[[Photo, NDArray[np.float32]], Predictions]
"""What ranks the places of a photo by the probabilities of all of them, (cells,)."""

_UNREADABLE = (
    *(OSError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError),
    *(EOFError, MemoryError, BufferError),
)
"""What objects of others raise when they are looked at."""
BATCH = 4
"""Photos that a thread runs together; more of them only cost memory."""
BATCH_BYTES = 250_000_000
"""A batch ends with the photo that makes it as large."""
AHEAD = 2
"""Pieces of work that are begun or done beside those that threads are at."""
MOST_BYTES = 1_000_000_000
"""What sources that are taken ahead hold together, but for the last of them."""

Source = TypeVar("Source")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Result:
    """One photo's predictions, or its error.

    Attributes:
        photo: The photo's name: its path, or its address without what may be secret in it.
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
    progress: bool = True,
    allow_private: bool = False,
) -> Iterator[Result]:
    """Predict where each of many photos was taken: one `Result` per photo, in their order.

    Threads read, decode and prepare photos, and each runs the network on a few of them; only those
    of a few batches are in memory, however many there are. ``photos`` may be any iterable, a
    generator too. A photo that fails gives a result with its error, and the run goes
    on. ``within`` and ``spread_km`` are those of `predict`. ``progress`` shows photos a second and
    the time left on stderr; ``allow_private`` is that of `open_photo`.

    Raises `ModelError` if the network itself is broken.
    """
    from tqdm.auto import tqdm

    choose = partial(rank, model, top=top, within=within, spread_km=spread_km)
    total = len(photos) if isinstance(photos, Sized) else None
    few = total is not None and total <= BATCH  # one thread: the network may take all processors
    alone = model.network.alone if isinstance(model.network, OnnxEngine) and not few else None
    locate = _locator(model, alone, choose, allow_private=allow_private)
    with tqdm(total=total, desc=model.name, unit="photo", disable=not progress) as bar:
        for results in in_order(locate, _batches(photos), _weight):
            for result in results:
                yield result
                bar.update()


def in_order(
    work: Callable[[Source], Found],
    sources: Iterable[Source],
    weigh: Callable[[Source], int] = lambda _: 0,
) -> Iterator[Found]:
    """What ``work`` makes of each source, in their order; few sources are taken ahead.

    ``weigh`` says how many bytes a source holds until its turn has come.
    An exception of ``work`` is raised in its turn.
    """
    rest, threads = iter(sources), cpu_limit() + 1  # one of them may wait for a disk
    most = threads + AHEAD
    waiting: deque[tuple[int, Future[Found]]] = deque()
    with ThreadPoolExecutor(threads, "geonb-photo") as pool:
        try:
            while True:
                while len(waiting) < most and sum(held for held, _ in waiting) < MOST_BYTES:
                    if (source := next(rest, None)) is None:
                        break
                    waiting.append((weigh(source), pool.submit(work, source)))
                if not waiting:
                    return
                yield waiting.popleft()[1].result()
        finally:  # also when the caller stops early
            pool.shutdown(cancel_futures=True)


def _batches(photos: Iterable[PhotoSource]) -> Iterator[list[PhotoSource]]:
    some: list[PhotoSource] = []
    for source in photos:
        some.append(source)
        if len(some) == BATCH or _weight(some) > BATCH_BYTES:
            yield some
            some = []
    if some:
        yield some


def _weight(sources: list[PhotoSource]) -> int:
    """Bytes that these photos take until their results are taken, beside what the caller holds."""
    total = 0
    for source in sources:
        if isinstance(source, str) and is_address(source):
            total += URL_BYTES
        elif isinstance(source, (str, os.PathLike)):
            with suppress(*_UNREADABLE):  # it gets its row when it's opened
                size = expanded(source).stat().st_size
                total += size if size <= MAX_BYTES else 0
    return total


def _locator(
    model: Model, alone: Engine | None, choose: Choose, *, allow_private: bool
) -> Callable[[list[PhotoSource]], list[Result]]:
    """What a thread does: open and prepare photos, and run the network once, on those it can."""
    one_at_a_time = nullcontext() if alone else Lock()
    if alone:
        model = replace(model, network=alone)

    def locate(sources: list[PhotoSource]) -> list[Result]:
        photos: list[Photo | Result] = []
        squares = []
        for source in sources:
            try:
                photo = open_photo(source, allow_private=allow_private)
                squares.append(preprocess(photo, recipe=model.recipe))
                photos.append(photo)
            except PhotoError as error:
                photos.append(Result(name_of(source), error=error))
            except _UNREADABLE as error:
                why = PhotoError(f"{name_of(source)}: cannot read it ({_in_words(error):.200})")
                photos.append(Result(name_of(source), error=why))
        with one_at_a_time:
            rows = iter(model.run(np.concatenate(squares)) if squares else ())
        return [
            photo if isinstance(photo, Result) else _result(photo, next(rows), choose)
            for photo in photos
        ]

    return locate


def _result(photo: Photo, probabilities: NDArray[np.float32], choose: Choose) -> Result:
    try:
        return Result(photo.name, choose(photo, probabilities))
    except GeonbError as error:  # such as no probability within what is known
        return Result(photo.name, error=error)


def name_of(source: PhotoSource) -> str:
    """What a photo is called: its path as any file can hold it, its address without secrets."""
    if isinstance(source, Photo):
        return source.name
    if not isinstance(source, (str, os.PathLike)):
        return type(source).__name__
    try:
        name = os.fsdecode(source)
    except _UNREADABLE:  # a path of somebody's own class
        return type(source).__name__
    return redacted(name).encode(errors="backslashreplace").decode()


def _in_words(error: Exception) -> str:
    """An error with its text, where it has one that can be written."""
    try:
        return repr(error)
    except _UNREADABLE:
        return type(error).__name__
