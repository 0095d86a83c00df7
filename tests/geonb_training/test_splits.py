"""Splits: nobody in two parts, and the leak when photos are split one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geonb.earth.cells import read_cells
from geonb.errors import EvaluationError, TrainingError
from geonb_lab.evaluation.photo_sets import PhotoSet
from geonb_training.splits import check_apart, count_photos, originals, split_photos


def photo_set(photos, people):
    return PhotoSet("set", tuple(photos), np.zeros((len(photos), 2)), tuple(people), {})


@given(st.lists(st.sampled_from("abcdefgh"), min_size=8, max_size=300), st.integers(0, 99))
def test_nobody_is_in_two_parts(people, seed):
    if len(set(people)) < 3:
        return
    split = split_photos(people, seed=seed)
    parts = [set(np.array(people)[part]) for part in (split.train, split.validation, split.test)]
    assert all(parts)
    assert sum(map(len, parts)) == len(set(people))
    everything = np.concatenate([split.train, split.validation, split.test])
    assert sorted(everything.tolist()) == list(range(len(people)))


def test_shares_of_many_photographers():
    people = [f"p{i % 40}" for i in range(1000)]
    split = split_photos(people, seed=3)
    assert 200 <= len(split.test) <= 300
    assert 100 <= len(split.validation) <= 150
    again, other = split_photos(people, seed=3), split_photos(people, seed=4)
    assert split.test.tolist() == again.test.tolist() != other.test.tolist()


def test_one_who_took_nearly_all_trains():
    split = split_photos(["many"] * 96 + ["a"] * 2 + ["b"] * 2)
    assert len(split.train) == 96


def test_split_by_photo_leaks_and_says_so():
    people = [f"p{i % 10}" for i in range(1000)]
    split = split_photos(people, "photo")
    counts = count_photos(photo_set(list(map(str, range(1000))), people), split, read_cells("mini"))
    assert counts["photographers in training and test both"] == 10
    assert len(split.test) == 200


def test_photos_of_nobody_stay_together():
    split = split_photos(["", "a", ""] * 5 + ["b", "c"])
    parts = (split.train, split.validation, split.test)
    assert [0 in part for part in parts] == [2 in part for part in parts]


def test_too_few_photographers():
    with pytest.raises(TrainingError, match=r"4 photos of 1 photographers.*column photographer"):
        split_photos(["", "", "", ""])
    with pytest.raises(TrainingError, match="split by 'photographer' or 'photo'"):
        split_photos(["a", "b", "c"], "city")


def test_of_photos_none_of_which_opens_nothing_is_left():
    with pytest.raises(EvaluationError, match="set: none of its photos can be opened"):
        originals(photo_set(["1.jpg", "2.jpg"], ["ada", "ada"]), ["", ""])


def test_a_photographer_in_both_sets_is_refused():
    train = photo_set(["1.jpg", "2.jpg"], ["ada", ""])
    check_apart(train, photo_set(["3.jpg"], [""]))
    with pytest.raises(TrainingError, match=r"1 photographers are both .*'ada'"):
        check_apart(train, photo_set(["3.jpg"], ["ada"]))
    with pytest.raises(TrainingError, match=r"1 photos are both .*'2.jpg'"):
        check_apart(train, photo_set(["2.jpg"], ["bo"]))
