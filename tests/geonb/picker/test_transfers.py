"""Files on their way from the browser: in any order, in bounded memory, and of one choice."""

import random

import pytest

import geonb
from geonb.errors import PhotoError
from geonb.picker.transfers import Transfers, with_exif_of
from support.picking import messages
from support.pictures import PLACE, encoded, exif, picture

DATA = encoded(picture(noise=30), "JPEG")


@pytest.mark.parametrize("seed", range(5))
def test_messages_may_overtake_each_other(seed):
    travelling, sent = Transfers(10_000), list(messages("a.jpg", DATA, parts=7))
    travelling.renew({"choice": 1})
    random.Random(seed).shuffle(sent)
    arrived = [travelling.take(*message) for message in sent]
    assert [file.content for file in arrived if file] == [DATA]


@pytest.mark.parametrize("order", [(3, 0, 2, 1), (3, 2, 1, 0)])
def test_what_belongs_to_another_choice_is_left_and_a_later_one_forgets_all(order):
    travelling = Transfers(10_000)
    assert travelling.renew({"choice": 5})
    start, *parts = messages("a.jpg", DATA, choice=5)
    assert [travelling.take(*message) for message in (start, *parts[:2])] == [None] * 3
    assert not travelling.renew({"choice": 4})
    assert travelling.renew({"choice": 6})
    assert travelling.take(*parts[2]) is None, "of a choice that is gone"
    other = list(messages("a.jpg", DATA[::-1], choice=6))
    *none, file = [travelling.take(*other[i]) for i in order]
    assert none == [None] * 3
    assert file.content == DATA[::-1]


def test_a_file_that_is_too_large_is_refused_and_holds_no_memory():
    travelling = Transfers(100)
    travelling.renew({"choice": 1})
    part = {"choice": 1, "id": "a", "type": "part"}
    assert travelling.take({**part, "index": 0}, [bytes(60)]) is None
    with pytest.raises(PhotoError, match="larger than 100 bytes; choose a smaller file"):
        travelling.take({**part, "index": 1}, [bytes(60)])
    assert travelling.take({**part, "index": 2}, [bytes(60)]) is None, "the others are forgotten"


@pytest.mark.parametrize("choice", [10**30, -1, "7", None, 1.5, float("nan"), [1], True])
def test_a_choice_that_no_page_of_ours_sends_is_refused(choice):
    travelling = Transfers(100)
    with pytest.raises(PhotoError, match=r"the page sent choice=.*reload the page"):
        travelling.renew({"choice": choice})
    assert travelling.renew({"choice": 1})


def test_a_photo_that_was_drawn_upright_keeps_its_exif_without_the_turn():
    original, upright = encoded(picture(), "JPEG", exif=exif(6)), encoded(picture(64, 96), "JPEG")
    photo = geonb.open_photo(with_exif_of(original[:5000], upright))
    assert photo.size == (64, 96)
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    assert with_exif_of(b"no JPEG", upright) == upright
    broken = original.replace(b"II*", b"XX*").replace(b"MM\0", b"XX\0")
    assert geonb.open_photo(with_exif_of(broken, upright)).place is None
