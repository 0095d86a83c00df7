"""A device that is not there is named, and what it needs."""

import pytest

import geonb
from geonb.errors import ModelError
from support.networks import write_network


def test_cuda_does_not_start(tmp_path):
    own = write_network(tmp_path / "own")
    with pytest.raises(ModelError, match=r"'cuda' does not start; .* and onnxruntime-gpu"):
        geonb.load_model(own.prefix, device="cuda")
    with pytest.raises(ModelError, match="no device 'tpu'; the devices are cpu, cuda"):
        geonb.load_model(own.prefix, device="tpu")
