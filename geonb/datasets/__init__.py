"""Photos with their true places, as sets: read, split, downloaded. Start at `photo_sets`."""
