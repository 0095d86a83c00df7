"""The commands of `geonb` that are more than a call. The others are in `geonb.__main__`."""
