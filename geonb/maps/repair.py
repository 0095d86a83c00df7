"""What the blog's map package, gmaps 0.9.0, needs to run today."""

from __future__ import annotations

from geonb.errors import MissingDependencyError


def repair_gmaps() -> None:
    """Make gmaps 0.9.0, the blog's map package, run on Python 3.10 and newer.

    It looks for ``collections.Iterable``, which moved to ``collections.abc``. Raises
    `MissingDependencyError`.
    """
    import collections.abc

    try:
        import gmaps.options
    except ImportError as error:
        raise MissingDependencyError("the blog's map", "gmaps", "gmaps") from error
    gmaps.options.collections = collections.abc
