"""The engines for comparisons give ONNX Runtime's answers: the blog's MXNet, and ONNX's own."""

import sys

import numpy as np
import pytest

import geonb
from geonb.errors import CheckpointError, MissingDependencyError, ModelError
from geonb_training.scenes import held_out
from support.networks import FULL_SIZE, write_network
from support.pictures import coarse_photos


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path / "tiny")


def assert_same_answers(first, second, seen):
    a, b = first.probabilities(seen), second.probabilities(seen)
    assert np.abs(a - b).max() <= 1e-5
    top = [np.argsort(-x, axis=1, kind="stable")[:, :5] for x in (a, b)]
    np.testing.assert_array_equal(*top)
    assert a.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert a.max(axis=1).min() < 0.9, "one-hot answers would agree whatever the network does"


@pytest.mark.mxnet
def test_engines_agree_on_a_small_network(files):
    first, second = (geonb.load_model(files.prefix, engine=e) for e in ("onnxruntime", "mxnet"))
    assert_same_answers(first, second, coarse_photos(4))


@pytest.mark.mxnet
@pytest.mark.slow
def test_engines_agree_on_a_full_size_network(tmp_path, cache):
    """ResNet-101, 15,527 classes, 74,405,235 parameters."""
    files = write_network(tmp_path / "full", **FULL_SIZE)
    first, second = (geonb.load_model(files.prefix, engine=e) for e in ("onnxruntime", "mxnet"))
    assert len(first.cells) == 15_527
    assert_same_answers(first, second, coarse_photos(2))


@pytest.mark.mxnet
def test_engines_agree_on_mini():
    first, second = (geonb.load_model("mini", engine=e) for e in ("onnxruntime", "mxnet"))
    assert_same_answers(first, second, [scene.image for scene in held_out(6)])


@pytest.mark.parametrize("deep", [False, True])
def test_the_reference_agrees_on_a_small_network(tmp_path, deep):
    files = write_network(tmp_path / "tiny", bottleneck=deep)
    engines = ("onnxruntime", "reference")
    first, second = (geonb.load_model(files.prefix, engine=e) for e in engines)
    assert_same_answers(first, second, coarse_photos(4))


def test_the_reference_agrees_on_mini():
    first, second = (geonb.load_model("mini", engine=e) for e in ("onnxruntime", "reference"))
    assert_same_answers(first, second, [scene.image for scene in held_out(3)])


@pytest.mark.newest
def test_mxnet_is_missing(files):
    with pytest.raises(MissingDependencyError, match=r'pip install "geonb\[mxnet\]"'):
        geonb.load_model(files.prefix, engine="mxnet")


@pytest.mark.mxnet
def test_mxnet_engine_names_what_does_not_fit(tmp_path, files):
    files.params.write_bytes(files.params.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match="cut off"):
        geonb.load_model(files.prefix, engine="mxnet")


def test_mxnet_without_a_library_of_the_system_is_one_line(tmp_path, cache, monkeypatch):
    """It ended in a traceback where libgomp is missing, as in slim containers."""
    (tmp_path / "mxnet.py").write_text("raise OSError('libgomp.so.1: cannot open shared file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mxnet", raising=False)
    files = write_network(tmp_path / "net")
    with pytest.raises(ModelError, match=r"cannot be loaded \(libgomp\.so\.1.*libgomp1"):
        geonb.load_model(files.prefix, engine="mxnet")
