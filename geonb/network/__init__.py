"""Checkpoints, read without the library that wrote them. Start at `checkpoint`."""
