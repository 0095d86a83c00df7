"""Work that threads do ahead of whoever asks for it: in order, and in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from geonb.network.sessions import cpu_limit

Source = TypeVar("Source")
Found = TypeVar("Found")
AHEAD = 2
"""Pieces of work that are begun or done beside those that threads are at."""
MOST_BYTES = 1_000_000_000
"""What sources that are taken ahead hold together, but for the last of them."""


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
