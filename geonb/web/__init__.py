"""The web, for photos and models alike. Start at `addresses`."""
