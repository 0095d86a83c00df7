"""A network for several threads at once, each of which runs it by itself."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from geonb.network.opening import OnnxEngine

if TYPE_CHECKING:
    from geonb.network.opening import Engine

_OPEN: WeakKeyDictionary[OnnxEngine, OnnxEngine] = WeakKeyDictionary()


def for_threads(engine: Engine) -> Engine | None:
    """The same network in a session of one thread; None if threads have to take turns.

    ONNX Runtime's threads wait for each other by spinning, which takes up to a third of the
    processor from the threads that prepare photos beside them.
    """
    if not isinstance(engine, OnnxEngine) or engine._kind == "plain":  # noqa: SLF001 - the GPU's
        return None
    if engine not in _OPEN:
        _OPEN[engine] = alone = copy(engine)
        alone._session = alone._start("cpu", threads=1)  # noqa: SLF001
    return _OPEN[engine]
