"""The game: you against the model."""
