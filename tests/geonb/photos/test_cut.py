"""JPEG files that are cut off: what is there opens, and what is missing is said."""

import numpy as np
import pytest

import geonb
from geonb.errors import PhotoError
from geonb.photos import jpeg
from support.pictures import PLACE, encoded, exif, picture

PROGRESSIVE = encoded(picture(400, 300, noise=20), "JPEG", progressive=True)


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


def within_scan(number, share):
    """A progressive JPEG that is cut off in one of its ten scans, after a share of the scan."""
    scans = [part for part in jpeg.walk(PROGRESSIVE) if part[0] == jpeg.PIXELS]
    _, start, stop = scans[number]
    return geonb.open_photo(PROGRESSIVE[: start + int((stop - start) * share)])


@pytest.mark.parametrize("share", [0.2, 0.9])
@pytest.mark.parametrize(("number", "missing"), [(0, "100%"), (1, "98%"), (2, "91%"), (4, "91%")])
def test_a_progressive_one_with_less_than_half_of_its_detail_is_refused(number, missing, share):
    """All rows are there, as squares of 8 pixels: "no row is missing" was said of them."""
    photo = within_scan(number, share)
    words = (
        f"the file is cut off, and {missing} of the (detail|picture) is missing; get the whole file"
    )
    for short_side in (None, 30):
        with pytest.raises(PhotoError, match=words):
            photo.image(short_side)


@pytest.mark.parametrize(("number", "off"), [(5, 8), (7, 6), (9, 3)])
def test_a_progressive_one_that_is_cut_later_is_coarser(number, off):
    whole = np.asarray(geonb.open_photo(PROGRESSIVE).image(), float)
    photo = within_scan(number, 0.5)
    assert 0 < np.abs(whole - np.asarray(photo.image(), float)).mean() < off
    assert photo.note == "the file is cut off, and the picture may be coarser than it was"


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
