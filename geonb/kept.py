"""A property that is worked out once."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from functools import cached_property

    kept = cached_property
else:

    class kept(property):  # noqa: N801 - a decorator, as the ones that it stands for
        """`functools.cached_property` as Python 3.12 has it; `help` shows it as a property.

        Older ones have a lock for all instances: a process that forks while a thread holds it has
        children that wait for ever.
        """

        def __get__(self, instance: Any, owner: Any = None) -> Any:
            """What the function gives, from now on kept with the instance."""
            if instance is None:
                return self
            name, values = self.fget.__name__, vars(instance)
            if name not in values:
                values[name] = self.fget(instance)
            return values[name]
