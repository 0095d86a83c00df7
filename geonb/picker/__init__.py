"""The photo picker of the notebooks. Start at `widget`."""
