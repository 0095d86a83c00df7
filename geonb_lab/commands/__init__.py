"""The lab's commands of ``geonb``, which finds them by their entry points."""
