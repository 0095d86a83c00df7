"""A property that is worked out once."""

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    kept = functools.cached_property
else:

    class kept(functools.cached_property):  # noqa: N801 - a decorator, as the one that it stands for
        """`functools.cached_property` as Python 3.12 has it.

        Older ones have a lock for all instances: a process that forks while a thread holds it has
        children that wait for ever.
        """

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            """What the function gives, from now on an attribute of the instance."""
            if instance is None:
                return self
            value = vars(instance)[self.attrname] = self.func(instance)
            return value
