"""Places: distances, S2 cells, the partition into them, towns. Start at `distances` or `cells`."""
