"""Photos in tar archives, and models to go on from: what is refused, in one line."""

import io
import json
import tarfile
import tracemalloc

import numpy as np
import pytest

import geonb
import geonb_training
from geonb.errors import TrainingError
from geonb_training import own_photos
from geonb_training.fitting import Fitting
from geonb_training.head import write_head
from geonb_training.shards import find_shards, read_shards, source
from support.pictures import PLACE, encoded, exif, picture, without_hemisphere


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "0.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(3):
            place = {"lat": number, "lng": 5.5, "photographer": f"p{number}"}
            photo = io.BytesIO()
            picture(40 + number, 30).save(photo, "JPEG")
            for ending, data in (("json", json.dumps(place).encode()), ("jpg", photo.getvalue())):
                item = tarfile.TarInfo(f"a/{number}.{ending}")
                item.size = len(data)
                archive.addfile(item, io.BytesIO(data))
    return path


def test_photos_are_opened_where_they_lie(shard):
    photos = read_shards(find_shards(shard.parent), "mine")
    assert photos.truth.tolist() == [[0, 5.5], [1, 5.5], [2, 5.5]]
    assert photos.photographers == ("p0", "p1", "p2")
    assert [geonb.open_photo(source(photo)).size for photo in photos.photos] == [
        (40, 30), (41, 30), (42, 30),
    ]  # fmt: skip
    assert source("a/plain.jpg") == "a/plain.jpg"


def test_a_guessed_hemisphere_is_no_place(shard):
    with tarfile.open(shard, "a") as archive:
        for name, block in (("whole", exif()), ("guessed", without_hemisphere())):
            data = encoded(picture(), "JPEG", exif=block)
            item = tarfile.TarInfo(f"{name}.jpg")
            item.size = len(data)
            archive.addfile(item, io.BytesIO(data))
    photos = read_shards([shard], "mine")
    assert photos.truth[3:] == pytest.approx(np.array([PLACE]), abs=1e-4)
    assert photos.skipped == {"have no place": 1}


def test_an_archive_that_is_cut_is_named_with_what_comes_before(shard):
    data = shard.read_bytes()
    shard.write_bytes(data[: 512 * 5])
    with pytest.raises(
        TrainingError, match=r"0\.tar: cut off, or no .*; 1 of its photos come before"
    ):
        read_shards([shard], "mine")
    shard.write_bytes(b"no archive")
    with pytest.raises(
        TrainingError, match=r"0\.tar: cut off, or no .*; 0 of its photos come before"
    ):
        read_shards([shard], "mine")


def test_an_archive_that_shrinks_after_its_photos_were_listed(shard):
    photos = read_shards([shard], "mine")
    shard.write_bytes(shard.read_bytes()[:2000])
    with pytest.raises(geonb.GeonbError, match=r"2\.jpg#.*the archive ends in the middle of it"):
        geonb.open_photo(source(photos.photos[2]))


def test_an_archive_that_is_gone_after_its_photos_were_listed(shard):
    photos = read_shards([shard], "mine")
    shard.unlink()
    with pytest.raises(
        geonb.GeonbError, match=r"2\.jpg#.*: cannot read the archive \(No such file"
    ):
        geonb.open_photo(source(photos.photos[2]))


def test_folders_are_passed_over_and_photos_that_do_not_open_are_counted(shard):
    with tarfile.open(shard, "a") as archive:
        folder = tarfile.TarInfo("b.jpg")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        broken = tarfile.TarInfo("b.jpg/broken.jpg")
        broken.size = 9
        archive.addfile(broken, io.BytesIO(b"no photo."))
    photos = read_shards([shard], "mine")
    assert (len(photos), photos.skipped) == (3, {"cannot be opened": 1})


def test_a_place_that_is_none(shard):
    with tarfile.open(shard, "a") as archive:
        item = tarfile.TarInfo("9.json")
        item.size = 2
        archive.addfile(item, io.BytesIO(b"[]"))
    with pytest.raises(TrainingError, match=r"9\.json has no lat and lng"):
        read_shards([shard], "mine")


def test_a_member_takes_no_more_memory_than_it_has_bytes(shard):
    """A sparse one of a few bytes may say 3 GB, and a JSON may be as large as it likes."""
    with tarfile.open(shard, "a", format=tarfile.PAX_FORMAT) as archive:
        for name in ("7.json", "8.jpg"):
            item = tarfile.TarInfo(name)
            item.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(3 * 10**9)}
            archive.addfile(item, io.BytesIO())
    tracemalloc.start()
    photos = read_shards([shard], "mine")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(photos), photos.skipped) == (3, {"are sparse": 2})
    assert peak < 50e6
    with tarfile.open(shard, "a") as archive:
        item = tarfile.TarInfo("9.json")
        item.size = 2_000_000
        archive.addfile(item, io.BytesIO(b" " * item.size))
    with pytest.raises(TrainingError, match=r"9\.json has no lat and lng .*2,000,000 bytes"):
        read_shards([shard], "mine")


def test_going_on_from_a_model_keeps_all_but_the_last_layer():
    mini = geonb.load_model("mini")
    same = own_photos.first_weights(mini, mini.cells, Fitting())
    assert same.arrays.keys() == mini.files.read().arrays.keys()
    cells = geonb_training.partition(mini.cells.places, t1=30, t2=1)
    assert len(cells) != len(mini.cells)
    other = own_photos.first_weights(mini, cells, Fitting())
    assert other.last_dense[0].number("num_hidden", 0) == len(cells)
    changed = {n for n, a in other.arrays.items() if not np.array_equal(a, same.arrays[n])}
    assert changed <= {"fc1_weight", "fc1_bias"}
    assert "fc1_weight" in changed


def test_no_training_goes_on_from_a_head(tmp_path, monkeypatch):
    """Its network ends where the head begins; it was told to be an ONNX graph, late."""
    mini = geonb.load_model("mini")
    width = mini.files.read().last_dense[1]
    zeros = np.zeros((len(mini.cells), width), np.float32), np.zeros(len(mini.cells), np.float32)
    (tmp_path / "head").mkdir()
    write_head(tmp_path / "head", "mini", mini.files, zeros)
    mini.cells.write(tmp_path / "head" / "grids.txt")
    monkeypatch.setattr(own_photos, "new_trainer", lambda *_: None)
    with pytest.raises(TrainingError, match=r"head: a training goes on from .*fit a head instead"):
        own_photos.train_photos(tmp_path, tmp_path / "ours", start=tmp_path / "head")
