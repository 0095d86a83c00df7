"""Photos: open anything, decode it safely. Start at `photo`."""
