"""Photos: opened from anything, decoded with care. Start at `photo`."""
