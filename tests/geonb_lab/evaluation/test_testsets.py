"""Small copies of IM2GPS and of Placing 2016, in their own formats."""

import bz2
import io
import os
import tracemalloc
import zipfile
import zlib

import pytest

from geonb import example_photo, fetch, load_model
from geonb.errors import CellsError, EvaluationError, FetchError, ModelError, PhotoError, PlaceError
from geonb.network.gallery import read_points
from geonb.weights import fetching
from geonb_lab import read_photos
from geonb_lab.evaluation import testsets
from geonb_training.scenes import draw, shoot

CODES = ["0a1b2c3d4e5f60718293a4b5c6d7e8f9", "ffffeeee0000111122223333444455ab"]


@pytest.fixture
def queries(tmp_path):
    """Three photos of IM2GPS: two tell their place, the third is in the table only."""
    folder = tmp_path / "gps_query_imgs"
    folder.mkdir()
    for i in range(2):
        draw(shoot(i)).save(folder / f"10487{i}_de3_99_25_712@N00.jpg")
    draw(shoot(2)).image.save(folder / "99_x.jpg")
    return folder


def test_im2gps_by_exif_counts_what_is_not_there(queries):
    photos = testsets.im2gps(queries)
    assert photos.name == "IM2GPS"
    assert len(photos) == 2
    assert photos.skipped == {"have no place": 1, "are missing from the 237": 234}


def test_im2gps_by_table(queries, tmp_path):
    table = tmp_path / "im2gps_places365.csv"
    table.write_text(
        "IMG_ID,AUTHOR,LAT,LON,S3_Label\n99_x.jpg,7@N00,48.8,2.3,0\ngone.jpg,8@N00,1,2,3\n"
    )
    photos = testsets.im2gps(queries, table)
    assert photos.truth[-2:].tolist() == [[48.8, 2.3], [1, 2]]
    assert photos.photographers[-2:] == ("7@N00", "8@N00")
    assert photos.missing == 1
    assert photos.skipped == {"are missing from the 237": 233}


def archive(*members, **changes):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    return buffer.getvalue()


def encrypted(data):
    """The archive, with the bit set that says so in its two headers."""
    changed = bytearray(data)
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        changed[data.index(start) + flags] |= 1
    return bytes(changed)


def with_a_wrong_sum(data):
    return data.replace(zlib.crc32(b"x" * 99).to_bytes(4, "little"), b"1234")


BROKEN_ARCHIVES = {
    "not a zip": b"<html>",
    "bad CRC": with_a_wrong_sum(archive(("a.jpg", b"x" * 99))),
    "encrypted": encrypted(archive(("a.jpg", b"x" * 99))),
    "no photos": archive(("readme.txt", b"x")),
    "cut off": archive(("a.jpg", bytes(range(256)) * 99))[:-40],
    "bomb": archive(("a.jpg", b"\0" * 100_000_000), ("b.jpg", b"\0" * 100_000_001)),
}


@pytest.mark.parametrize("kind", BROKEN_ARCHIVES)
def test_a_broken_archive_is_named_and_fetched_again(cache, monkeypatch, kind):
    answers = [BROKEN_ARCHIVES[kind], archive(("a.jpg", example_photo().source))]
    monkeypatch.setattr(testsets, "fetch", lambda _: answers.pop(0))
    with pytest.raises(EvaluationError, match="cannot fetch IM2GPS"):
        testsets.im2gps()
    assert not list(cache.rglob("*.jpg"))
    assert len(testsets.im2gps()) == 1


def test_im2gps_is_fetched_once_and_unpacked_flat(queries, cache, monkeypatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in queries.iterdir():
            archive.write(file, f"../gps_query_imgs/{file.name}")
        archive.writestr("readme.txt", "not a photo")
    asked = []
    monkeypatch.setattr(testsets, "fetch", lambda url: asked.append(url) or buffer.getvalue())
    for _ in range(2):
        assert len(testsets.im2gps()) == 2
    assert asked == [testsets.IM2GPS_URL]
    assert len(list((cache / "im2gps").glob("*.jpg"))) == 3
    assert not list(cache.parent.glob("gps_query_imgs/*.txt"))
    assert fetching.cache_size() == sum(f.stat().st_size for f in (cache / "im2gps").iterdir())
    fetching.clear("all")
    assert fetching.cache_size() == 0


def test_im2gps_that_cannot_be_fetched(cache, monkeypatch):
    def fetch(url):
        raise PhotoError(f"{url}: the server answered 404; check the link")

    monkeypatch.setattr(testsets, "fetch", fetch)
    with pytest.raises(EvaluationError, match=r"answered 404.*yourself and give its folder"):
        testsets.im2gps()
    monkeypatch.setattr(testsets, "fetch", lambda _: b"<html>gone</html>")
    with pytest.raises(EvaluationError, match="not a zip file"):
        testsets.im2gps()
    with pytest.raises(EvaluationError, match="no such folder"):
        testsets.im2gps(cache / "nowhere")


def write_truth(path, *places):
    lines = [
        f"{i}\t{lng}\t{lat}\tEurope,France\t{code}" for i, (lat, lng, code) in enumerate(places)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_placing_2016_by_address(tmp_path):
    truth = write_truth(tmp_path / "truth", (48.8, 2.3, CODES[0]), (-33.9, 151.2, CODES[1]))
    photos = testsets.placing2016(truth)
    assert photos.name == "Placing 2016"
    assert photos.truth.tolist() == [[48.8, 2.3], [-33.9, 151.2]]
    assert photos.photos[0] == (
        "https://multimedia-commons.s3-us-west-2.amazonaws.com/data/images/"
        "0a1/b2c/0a1b2c3d4e5f60718293a4b5c6d7e8f9.jpg"
    )


def test_placing_2016_from_local_copies(tmp_path):
    places = [(48.8, 2.3, CODES[0]), (1, 2, CODES[1]), (1, 2, CODES[1]), (5, 6, CODES[0][::-1])]
    plain = write_truth(tmp_path / "truth", *places)
    packed = tmp_path / "truth.bz2"
    packed.write_bytes(bz2.compress(plain.read_bytes()))
    folder = tmp_path / "images"
    (folder / "0a1/b2c").mkdir(parents=True)
    draw(shoot(0)).save(folder / "0a1/b2c" / f"{CODES[0]}.jpg")
    draw(shoot(1)).save(folder / f"{CODES[1]}.jpg")
    photos = testsets.placing2016(packed, folder)
    assert (len(photos), photos.missing) == (3, 1)
    assert photos.skipped == {"are listed twice": 1}


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("1\t2.3\n", EvaluationError, "line 1: expected tab-separated"),
        ("1\teast\t2\tabcdef12\n", EvaluationError, "line 1"),
        ("1\t2\t3\t../../secret\n", EvaluationError, "line 1"),
        ("1\t35.6\t139.7\tabcdef12\n", PlaceError, "swapped"),
        ("", EvaluationError, "no photo with a place"),
    ],
)
def test_a_truth_file_that_is_none(text, error, message, tmp_path):
    (tmp_path / "truth").write_text(text)
    with pytest.raises(error, match=message):
        testsets.placing2016(tmp_path / "truth")
    with pytest.raises(EvaluationError, match="cannot read the truth file"):
        testsets.placing2016(tmp_path / "none")


@pytest.mark.parametrize(
    "data", [b"", bz2.compress(b"1\t2\t3\t" + b"a" * 9)[:-9], b"BZh9" + b"\xff" * 99]
)
def test_a_broken_truth_file_is_named(tmp_path, data):
    for name in ("truth.bz2", "truth.txt"):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(EvaluationError, match=r"truth\.|no photo with a place"):
            testsets.placing2016(tmp_path / name)


def test_pipes_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EvaluationError, match=r"pipe: cannot read .*not a file"):
        testsets.placing2016(tmp_path / "pipe")
    with pytest.raises(EvaluationError, match=r"pipe: cannot read .*not a file"):
        read_photos(tmp_path, tmp_path / "pipe")
    with pytest.raises(EvaluationError, match="pipe: no such folder or CSV"):
        read_photos(tmp_path / "pipe")


def test_no_home_of_that_name(monkeypatch):
    for read in (testsets.placing2016, testsets.im2gps, read_photos):
        with pytest.raises(EvaluationError, match="~nobody-here/x: "):
            read("~nobody-here/x")
    with pytest.raises(ModelError, match="~nobody-here"):
        load_model("~nobody-here/x")
    with pytest.raises(CellsError, match="~nobody-here/x: cannot read it, expected a gallery"):
        read_points("~nobody-here/x")
    with pytest.raises(FetchError, match="~nobody-here/x: none of the files of locationnet"):
        fetch("locationnet", "~nobody-here/x")
    monkeypatch.setenv("GEONB_LOCATIONNET", "~nobody-here/x")
    with pytest.raises(FetchError, match="GEONB_LOCATIONNET is ~nobody-here/x, but"):
        fetch("locationnet")


def test_a_line_that_unpacks_to_gigabytes_is_not_read_whole(tmp_path):
    path = tmp_path / "truth.bz2"
    path.write_bytes(bz2.compress(b"1" * 300_000_000))
    tracemalloc.start()
    with pytest.raises(EvaluationError, match="line 1: expected tab-separated columns"):
        testsets.placing2016(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6
