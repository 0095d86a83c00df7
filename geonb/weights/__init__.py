"""The files of the models: where they lie, how they are fetched and kept. Start at `registry`."""
