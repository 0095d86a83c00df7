"""Places: S2 cells and their outlines, towns, countries. Start at `cells`."""
