"""Many photos: in order, in bounded memory, and whatever some of them hold."""

import io
import zlib
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import geonb
import geonb_lab
from geonb.errors import GeonbError
from geonb_lab.many import results


@pytest.fixture(scope="module")
def model():
    return geonb.load_model("mini")


def picture(number):
    return Image.effect_noise((96, 64), 10 + number).convert("RGB")


def test_results_come_in_order_and_equal_those_of_predict(model):
    photos = [picture(i) for i in range(7)]
    found = list(geonb_lab.predict_many(model, photos, top=3, progress=False))
    assert len(found) == len(photos)
    for photo, result in zip(photos, found, strict=True):
        alone = geonb.predict(model, photo, top=3)
        assert result.error is None
        assert result.predictions.places == alone.places
        assert [p.probability for p in result.predictions] == pytest.approx(
            [p.probability for p in alone], rel=1e-4
        )


def test_a_photo_that_fails_is_a_result_and_the_run_goes_on(model, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    photos = [picture(1), tmp_path / "missing.jpg", broken, b"", picture(2)]
    found = list(geonb_lab.predict_many(model, photos, progress=False))
    assert [result.error is None for result in found] == [True, False, False, False, True]
    assert str(tmp_path / "missing.jpg") in str(found[1].error)
    assert found[1].photo == str(tmp_path / "missing.jpg")
    assert found[1].predictions is None


def test_broken_and_vanishing_files_cost_themselves_only(model, tmp_path):
    """One photo in a hundred is cut in the middle, and files go while the run is at others."""
    paths = [tmp_path / f"{i:03}.jpg" for i in range(300)]
    for i, path in enumerate(paths):
        picture(i).save(path)
    cut, gone = paths[50::100], paths[-7:]
    for path in cut:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 8])
    found = []
    for result in geonb_lab.predict_many(model, paths, progress=False):
        found.append(result)
        if len(found) == 100:
            for path in gone:
                path.unlink()
    assert [result.photo for result in found] == [str(path) for path in paths]
    failed = {result.photo: str(result.error) for result in found if result.error}
    assert set(failed) == {str(path) for path in [*cut, *gone]}
    assert all("no such file" in failed[str(path)] for path in gone)
    assert all(result.predictions for result in found if result.photo not in failed)


def test_large_photos_are_few_at_once(model, monkeypatch, tmp_path):
    """Batches were bounded by their number alone: 16 photos of 500 MB on two processors."""
    monkeypatch.setattr(results, "MOST_BYTES", 5000)
    monkeypatch.setattr(results, "BATCH_BYTES", 1500)
    asked, ahead = 0, []

    def photos():
        nonlocal asked
        for asked in range(1, 41):
            path = tmp_path / f"{asked}.png"
            path.write_bytes(b"no photo".ljust(1000))
            yield path

    found = geonb_lab.predict_many(model, photos(), progress=False)
    for seen, result in enumerate(found, 1):
        assert result.error
        ahead.append(asked - seen)
    assert max(ahead) <= 7  # three batches of two, and one that is given out
    assert len(ahead) == 40


def test_photos_are_read_a_few_batches_ahead_and_no_further(model, monkeypatch):
    monkeypatch.setattr(results, "cpu_limit", lambda: 1)
    asked, held = 0, []

    def photos():
        nonlocal asked
        for asked in range(1, 41):
            yield picture(asked)

    for seen, result in enumerate(geonb_lab.predict_many(model, photos(), progress=False), 1):
        held.append(asked - seen)
        assert result.error is None
    assert max(held) <= 4 * (results.AHEAD + 3)
    assert max(held) >= 4  # the next batch is on its way while one is looked at


def test_stopping_early_reads_no_further(model, monkeypatch):
    monkeypatch.setattr(results, "cpu_limit", lambda: 1)
    asked = []

    def photos():
        for i in range(1000):
            asked.append(i)
            yield picture(i)

    run = geonb_lab.predict_many(model, photos(), progress=False)
    next(run)
    run.close()
    assert len(asked) <= 4 * (results.AHEAD + 3)


def test_progress_tells_photos_a_second(model, capsys):
    list(geonb_lab.predict_many(model, [picture(i) for i in range(3)]))
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert "photo/s" in shown or "s/photo" in shown


def test_a_place_in_exif_that_is_none_costs_its_photo_only(model):
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (10.0, 0.0, 0.0)})
    file = io.BytesIO()
    picture(1).save(file, "JPEG", exif=exif)
    found = list(geonb_lab.predict_many(model, [file.getvalue(), picture(2)], progress=False))
    assert found[0].predictions.truth is None
    assert found[1].error is None


def test_threads_run_the_network_by_themselves_and_agree_with_predict(model):
    """Its own session, of one thread each, gives the answers of the one that `predict` uses."""
    network = model.network.alone
    assert network is model.network.alone is not model.network  # opened once
    batch = geonb.preprocess([picture(1), picture(2)])
    assert network.probabilities(batch) == pytest.approx(
        model.network.probabilities(batch), abs=1e-6
    )


def test_an_engine_for_one_thread_at_a_time_is_asked_by_one(model):
    from threading import Lock

    busy = Lock()

    def probabilities(batch):
        assert busy.acquire(blocking=False)
        answer = model.network.probabilities(batch)
        busy.release()
        return answer

    network = SimpleNamespace(probabilities=probabilities)
    photos = [picture(i) for i in range(12)]
    found = geonb_lab.predict_many(replace(model, network=network), photos, progress=False)
    assert [result.error for result in found] == [None] * 12


def test_a_photo_whose_answer_lies_outside_of_what_is_known_costs_itself_only(model):
    paris = np.float32(np.arange(len(model.cells)) == model.cells.countries.index("France"))
    network = SimpleNamespace(probabilities=lambda batch: np.tile(paris, (len(batch), 1)))
    one = replace(model, network=network)
    found = list(geonb_lab.predict_many(one, [picture(1)] * 2, within="Japan", progress=False))
    assert ["no place within Japan" in str(result.error) for result in found] == [True, True]


class Stream:
    """A file object of somebody else's, whose read fails."""

    def __init__(self, error):
        self.error = error

    def read(self):
        raise self.error


class Nameless:
    """An object that can't even be written in an error."""

    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


def odd_sources(tmp_path):
    closed = (tmp_path / "closed.jpg").open("wb+")
    closed.close()
    errors = (OSError("lost"), RuntimeError("x"), zlib.error("x"), KeyError("x"), MemoryError())
    clouds = (type("IncompleteReadError", (Exception,), {})("boto's own kind"), StopIteration())
    return [
        *map(Stream, (*errors, *clouds)),
        closed,
        Nameless(),
        Image.new("RGB", (0, 5)),
        np.broadcast_to(np.uint8(7), (40_000, 100_000, 3)),  # 12 GB
        np.broadcast_to(np.float64(0.5), (40_000, 100_000, 3)),
        np.empty((0, 5, 3), np.uint8),
        None,
        {"a": 1},
    ]


def test_whatever_reading_raises_costs_that_photo_only(model, tmp_path):
    sources = odd_sources(tmp_path)
    found = list(geonb_lab.predict_many(model, [*sources, picture(1)], progress=False))
    assert [result.error is None for result in found] == [False] * len(sources) + [True]
    for result in found[:-1]:
        assert isinstance(result.error, GeonbError)
        assert len(str(result.error)) < 1000
