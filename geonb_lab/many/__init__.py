"""Many photos: predicted, written to a table, labelled, laid out on a page. Start at `results`."""
