"""Maps: one provider a file, all with the answer as text beside them. Start at `show`."""
