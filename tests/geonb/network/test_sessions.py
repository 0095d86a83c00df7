"""A device that is not there is named, and what it needs."""

import pytest

import geonb
from geonb.errors import ModelError
from geonb.network.sessions import open_session
from support.networks import write_network


def test_cuda_does_not_start(tmp_path):
    write_network(tmp_path).write_onnx(tmp_path)
    with (
        pytest.warns(UserWarning, match="CUDAExecutionProvider"),
        pytest.raises(ModelError, match="its CUDA provider does not start"),
    ):
        open_session(tmp_path / "model.onnx", device="cuda")


def test_cuda_is_missing(tmp_path):
    own = write_network(tmp_path / "own")
    with pytest.raises(ModelError, match="'cuda' needs the package onnxruntime-gpu"):
        geonb.load_model(own.prefix, device="cuda")
    with pytest.raises(ModelError, match="no device 'tpu'; the devices are cpu, cuda"):
        geonb.load_model(own.prefix, device="tpu")
