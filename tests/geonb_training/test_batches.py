"""The batches of an epoch: full, moved about, every photo once."""

import numpy as np
import pytest

from geonb_lab.evaluation.photo_sets import PhotoSet
from geonb_training import batches
from support.pictures import picture
from support.training import Drawn


def test_moved_pictures_keep_their_size_and_move_by_a_few_pixels():
    pixels = np.zeros((3, 40, 40, 3), np.uint8)
    pixels[:, 20, 20] = 255
    moved = batches.move(pixels, np.array([(0, 0), (6, 6), (12, 3)], np.int8))
    assert moved.shape == pixels.shape
    spots = [np.argwhere(picture[:, :, 0])[0].tolist() for picture in moved]
    assert spots == [[26, 26], [20, 20], [14, 23]]


def test_batches_are_full_and_say_which_photos_are_in_them():
    made = list(batches.batches(Drawn(), 2))
    assert [data.shape for data, _ in made] == [(2, 3, 8, 8)] * 3
    assert [numbers.tolist() for _, numbers in made] == [[0, 1], [2], [4]]


LABELS = np.arange(5) * 10


def lessons(size, **other):
    return batches.Lessons(Drawn(), LABELS, size, **{"seed": 0, "epoch": 1, **other})


def test_a_batch_fills_the_place_of_a_vanished_photo_with_another_of_its_own():
    data, labels, missing = lessons(5)[0]
    assert missing == 1
    assert set(labels) == {0, 10, 20, 40}
    first, last = np.flatnonzero(np.isin(labels, labels[0]))
    assert (first, last) == (0, 4)
    assert data[0, 0, 0, 0] == data[4, 0, 0, 0] != data[1, 0, 0, 0]


def test_a_batch_whose_photos_are_all_gone_is_empty_and_names_one():
    alone = lessons(1)
    step = next(step for step in range(5) if not len(alone[step][1]))
    assert alone[step][2] == 1
    assert alone.first_of(step) == "3.jpg"


def test_an_epoch_has_every_photo_once_however_many_workers_share_it():
    whole = lessons(4)
    shared = [lessons(4, rank=rank, workers=2) for rank in (0, 1)]
    parts = [part[0] for part in shared]
    np.testing.assert_array_equal(
        np.sort(whole.chosen[0]), np.sort(np.concatenate([part.chosen[0] for part in shared]))
    )
    assert sum(len(labels) for _, labels, _ in parts) == 4
    assert len(set(whole.chosen[0])) == 4
    assert whole.chosen.tolist() == lessons(4).chosen.tolist()
    assert whole.chosen.tolist() != lessons(4, epoch=2).chosen.tolist()


@pytest.mark.parametrize("most", [10_000, 0])
def test_photos_are_opened_once_each_content_and_kept_as_far_as_there_is_room(
    tmp_path, monkeypatch, most
):
    monkeypatch.setattr(batches, "MOST_KEPT", most)
    paths = [tmp_path / f"{name}.jpg" for name in ("a", "b", "copy", "broken", "gone")]
    for path, width in zip(paths, (300, 310, 300), strict=False):
        picture(width, 240).save(path)
    paths[3].write_bytes(b"no picture")
    names = tuple(map(str, paths))
    squares = batches.Squares.open(PhotoSet("five", names, np.zeros((5, 2)), ("",) * 5, {}))
    assert squares.photos.photos == names[:2]
    paths[0].unlink()
    pixels, there = squares.read(np.array([1, 0]))
    assert there.tolist() == ([1, 0] if most else [1])
    assert pixels.shape == (len(there), 224, 224, 3)
    assert squares.some(np.array([1])).photos.photos == names[1:2]
