"""Work that threads do ahead of whoever asks for it: in order, and in bounded memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from geonb.network.sessions import cpu_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Source = TypeVar("Source")
    Found = TypeVar("Found")

AHEAD = 2
"""Pieces of work that are begun or done beside those that threads are at."""


def in_order(work: Callable[[Source], Found], sources: Iterable[Source]) -> Iterator[Found]:
    """What ``work`` makes of each source, in their order; few sources are taken ahead.

    An exception of ``work`` is raised in its turn.
    """
    rest, threads = iter(sources), cpu_limit() + 1  # one of them may wait for a disk
    waiting: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(threads, "geonb-photo") as pool:
        try:
            while True:
                free = threads + AHEAD - len(waiting)
                waiting.extend(pool.submit(work, source) for source in islice(rest, free))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:  # also when the caller stops early
            pool.shutdown(cancel_futures=True)
