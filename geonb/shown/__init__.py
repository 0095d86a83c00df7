"""How results look: pictures and photos with their words, and tables. Start at `sheets`."""
