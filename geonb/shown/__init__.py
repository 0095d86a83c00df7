"""How results look: pictures with their words, and tables. Start at `sheets`."""
