"""A device that is not there is named, and what it needs."""

import onnxruntime
import pytest

import geonb
import geonb_lab
from geonb.errors import ModelError
from support.networks import write_network

CUDA = "CUDAExecutionProvider"


@pytest.fixture
def graphics(monkeypatch):
    """ONNX Runtime as it is with a GPU, which the CPU stands in for; it starts with the list."""
    starts = [CUDA]

    class Session(onnxruntime.InferenceSession):
        def __init__(self, path, options, *, providers, **rest):
            self.asked = [name for name in providers if name in starts or name != CUDA]
            super().__init__(path, options, providers=["CPUExecutionProvider"], **rest)

        def get_providers(self):
            return self.asked

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    return starts


def test_cuda_does_not_start(tmp_path):
    own = write_network(tmp_path / "own")
    with pytest.raises(ModelError, match=r"'cuda' does not start; .* and onnxruntime-gpu"):
        geonb.load_model(own.prefix, device="cuda")
    with pytest.raises(ModelError, match="no device 'tpu'; the devices are cpu, cuda"):
        geonb.load_model(own.prefix, device="tpu")


def test_cuda_whose_driver_is_too_old_is_not_taken_for_the_cpu(tmp_path, graphics):
    graphics.clear()
    with pytest.raises(ModelError, match=r"'cuda' does not start; it needs a driver"):
        geonb.load_model(write_network(tmp_path / "own").prefix, device="cuda")


def test_threads_take_turns_on_a_gpu(tmp_path, graphics):
    files = write_network(tmp_path / "own")
    photos = [geonb.example_photo()] * 3
    expected = geonb.load_model(files.prefix).probabilities(photos[0])[0].argmax()
    model = geonb.load_model(files.prefix, device="cuda")
    assert model.network.alone is None
    found = list(geonb_lab.predict_many(model, photos, progress=False))
    places = {result.predictions[0].place for result in found}
    assert places == {model.cells.place(int(expected))}
