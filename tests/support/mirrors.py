"""A model on two local mirrors, and the cache that it is fetched into."""

import hashlib
import random
from dataclasses import replace

import pytest

from geonb.web import asking
from geonb.weights import downloading
from geonb.weights.registry import LOCATIONNET, WeightsFile
from geonb.writing import MARK
from support.servers import Mirror, serve

CONTENT = random.Random(0).randbytes(400_000)
CELLS = b"89c25\t40.7\t-74.0\n"
WHOLE = {"grids.txt": CELLS, "big.params": CONTENT}


def record(*mirrors, content=CONTENT):
    """A model whose parameters lie on ``mirrors``, its cells on the first."""
    md5, cells_md5 = (hashlib.md5(data).hexdigest() for data in (content, CELLS))
    form = (
        WeightsFile("grids.txt", (f"{mirrors[0]}grids.txt",), cells_md5, len(CELLS)),
        WeightsFile("big.params", tuple(f"{m}big.params" for m in mirrors), md5, len(content)),
    )
    return replace(LOCATIONNET, forms=(form,))


@pytest.fixture
def mirror(monkeypatch):
    """A server that has the whole model; what waits for it is in a hurry."""
    monkeypatch.setattr(asking, "CONNECT_S", 1.0)
    monkeypatch.setattr(asking, "READ_S", 0.3)
    monkeypatch.setattr(downloading, "PAUSE_S", 0.01)
    with serve(Mirror(dict(WHOLE))) as mirror:
        yield mirror


@pytest.fixture
def other():
    """A second such server."""
    with serve(Mirror(dict(WHOLE))) as mirror:
        yield mirror


def final(cache):
    """The files in the cache under names that geonb would load."""
    folder = cache / "locationnet"
    return {name: (folder / name).read_bytes() for name in WHOLE if (folder / name).exists()}


def left(cache):
    """The names of all files there, but for the lock and the folder's mark."""
    others = {MARK}
    return sorted(p.name for p in (cache / "locationnet").iterdir() if p.name not in others)
