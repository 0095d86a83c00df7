"""Three engines, one answer; the ONNX file is written once, and made anew where it is broken."""

import os
import subprocess
import sys

import numpy as np
import pytest

import geonb
from geonb.errors import MissingDependencyError, ModelError
from geonb.network.opening import OnnxEngine
from geonb.writing import MARK
from support.networks import write_network
from support.pictures import coarse_photos


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path / "tiny")


def cached(cache):
    files = (path for path in (cache / "derived").rglob("*") if path.is_file())
    return sorted(path for path in files if path.name != MARK)


def test_without_onnxruntime_the_error_says_what_to_do(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingDependencyError, match=r"pip install onnxruntime$") as caught:
        geonb.load_model(files.prefix)
    assert 'engine="reference"' in str(caught.value)
    assert geonb.load_model(files.prefix, engine="reference").probabilities(coarse_photos(1)).any()


def test_a_calibration_that_would_be_ignored_is_refused(files):
    with pytest.raises(ModelError, match="float32 has nothing to calibrate"):
        geonb.load_model(files.prefix, calibration=coarse_photos(3))
    with pytest.raises(ModelError, match="the engine reference is for comparisons: float32"):
        geonb.load_model(files.prefix, "reference", precision="int8", calibration=coarse_photos(3))


def test_a_batch_gives_what_single_photos_give(files):
    model = geonb.load_model(files.prefix)
    seen = coarse_photos(3)
    single = np.concatenate([model.probabilities(photo) for photo in seen])
    assert model.probabilities(seen) == pytest.approx(single, abs=1e-6)


def test_the_onnx_file_is_written_once(files, cache):
    OnnxEngine(files)
    before = {path: path.stat().st_mtime_ns for path in cached(cache)}
    OnnxEngine(files)
    assert before
    assert before == {path: path.stat().st_mtime_ns for path in cached(cache)}


def test_the_onnx_file_is_keyed_by_content(tmp_path, files, cache):
    OnnxEngine(files)
    OnnxEngine(write_network(tmp_path / "copy"))
    assert len(list(cache.glob("derived/tiny/*/"))) == 1
    OnnxEngine(write_network(tmp_path / "other", seed=1))
    assert len(list(cache.glob("derived/tiny/*/"))) == 2


@pytest.mark.parametrize("harm", ["cut", "empty", "gone"])
@pytest.mark.parametrize("which", ["model.onnx", "model.data", "digests"])
def test_a_broken_cache_is_rebuilt(files, cache, which, harm):
    expected = OnnxEngine(files).probabilities(np.ones((1, 3, 224, 224), np.float32))
    (victim,) = (path for path in cached(cache) if path.name == which)
    data = victim.read_bytes()
    victim.unlink()
    if harm != "gone":
        victim.write_bytes(data[: len(data) // 2] if harm == "cut" else b"")
    answer = OnnxEngine(files).probabilities(np.ones((1, 3, 224, 224), np.float32))
    np.testing.assert_array_equal(answer, expected)


def test_an_onnx_file_of_the_right_size_that_is_noise_is_rebuilt(files, cache):
    seen = np.ones((1, 3, 224, 224), np.float32)
    expected = OnnxEngine(files).probabilities(seen)
    (victim,) = (path for path in cached(cache) if path.name == "model.onnx")
    victim.write_bytes(b"\xff" * victim.stat().st_size)
    np.testing.assert_array_equal(OnnxEngine(files).probabilities(seen), expected)
    assert victim.read_bytes().count(b"\xff") < victim.stat().st_size / 2


def test_nothing_half_written_is_left(files, cache, monkeypatch):
    def fail(checkpoint, folder, outputs):
        (folder / "model.onnx").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("geonb.network.onnx_writing.write_layers", fail)
    with pytest.raises(ModelError, match=r"No space left.*free some space"):
        OnnxEngine(files)
    assert cached(cache) == []


def test_two_processes_at_once(files, cache):
    code = f"import geonb; print(geonb.load_model({files.prefix!r}))"
    environment = {**os.environ, "GEONB_CACHE": str(cache)}
    command = [sys.executable, "-c", code]
    runs = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(3)]
    assert [(run.communicate()[1], run.returncode) for run in runs] == [(b"", 0)] * 3
    assert {path.name for path in cached(cache)} == {
        "digests",
        "model.data",
        "model.onnx",
    }
