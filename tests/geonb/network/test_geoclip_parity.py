"""GeoCLIP's answers are its authors' own: what torch gave for the same CLIP is stored beside."""

import json

import numpy as np
import pytest

import geonb
from support import TESTS
from support.geoclip_parity import REDUCED, some_places, write_clip, write_pictures

STORED = json.loads((TESTS / "data/geoclip_reference.json").read_text(encoding="utf-8"))


@pytest.mark.newest  # made with today's Pillow; `make parity` makes it anew, and at full size
def test_the_same_five_places_and_probabilities_as_torch(tmp_path):
    """A small CLIP with random weights, and GeoCLIP's real heads and places."""
    places = some_places()
    assert len(places) == STORED["places"]
    model = geonb.load_model(write_clip(tmp_path / "clip", REDUCED), gallery=places)
    where = [int(np.abs(places - own).sum(axis=1).argmin()) for own in model.cells.places]
    pictures = write_pictures(tmp_path)
    assert len(pictures) == len(STORED["answers"]) >= 20
    for path in pictures:
        torch, ours = STORED["answers"][path.stem], np.empty(len(places))
        ours[where] = model.probabilities(path)[0]
        assert np.argsort(-ours)[:5].tolist() == torch["best"], path.stem
        assert ours[torch["best"]] == pytest.approx(torch["probabilities"], abs=1e-4), path.stem
