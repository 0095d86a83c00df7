"""Trips: the photos of one person located together, by their order in time."""
