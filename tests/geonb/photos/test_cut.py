"""JPEG files that are cut off: what is there opens, and what is missing is said."""

import numpy as np
import pytest

import geonb
from geonb.errors import PhotoError
from support.pictures import PLACE, encoded, exif, picture


@pytest.fixture(params=["RGB", "L", "CMYK"])
def data(request):
    return encoded(picture(400, 300, noise=20).convert(request.param), "JPEG", exif=exif(3))


@pytest.mark.parametrize("lost", [1, 2, 60])
def test_the_last_bytes_are_not_needed(data, lost):
    whole, cut = geonb.open_photo(data), geonb.open_photo(data[:-lost])
    assert cut.size == whole.size
    assert cut.place == pytest.approx(PLACE, abs=1e-4)
    same = np.asarray(cut.image()) == np.asarray(whole.image())
    assert same.all(axis=(1, 2)).mean() > 0.9
    assert cut.note == "the file is cut off, and no row of the picture is missing"
    assert not whole.note


def test_how_much_is_missing_is_said_and_shown_beside_the_answer():
    data = encoded(picture(400, 300, noise=20), "JPEG")
    photo = geonb.open_photo(data[: len(data) * 3 // 4])
    predictions = geonb.predict(geonb.load_model("mini"), photo)
    assert "the lower 25% of the picture is missing" in predictions.note
    assert "the lower 25% of the picture is missing" in repr(predictions)


def test_less_than_half_is_refused(data):
    photo = geonb.open_photo(data[: len(data) * 4 // 10])
    for short_side in (None, 30):
        with pytest.raises(PhotoError, match=r"cut off, and (5|6)\d% of the picture is missing"):
            photo.image(short_side)


def test_progressive_ones_lose_detail_only():
    data = encoded(picture(400, 300, noise=20), "JPEG", progressive=True)
    for share in (0.5, 0.9):
        photo = geonb.open_photo(data[: int(len(data) * share)])
        whole, cut = (np.asarray(p.image(), float) for p in (geonb.open_photo(data), photo))
        assert np.abs(whole - cut).mean() < 12
        assert "no row of the picture is missing" in photo.note


def test_one_that_is_whole_and_broken_stays_refused():
    data = encoded(picture(400, 300, noise=20), "JPEG")
    at = data.index(b"\xff\xc4")
    broken = data[: at + 4] + b"\xff" * 40 + data[at + 44 :]
    with pytest.raises(PhotoError, match="cut off or broken"):
        geonb.open_photo(broken).image()


def test_a_cut_head_is_no_picture():
    data = encoded(picture(), "JPEG")
    with pytest.raises(PhotoError, match="cut off or broken"):
        geonb.open_photo(data[:300]).image()
