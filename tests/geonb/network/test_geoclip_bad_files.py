"""GeoCLIP files that are cut off, changed or made up: one line that says which, and no crash."""

import zipfile

import numpy as np
import pytest

from geonb.errors import CheckpointError
from geonb.network.geoclip import find_geoclip
from geonb.network.onnx_reading import read_onnx
from geonb.network.opening import OnnxEngine
from support.geoclip_files import (
    location_tensors,
    write_onnx_form,
    write_pth,
    write_safetensors_form,
)


@pytest.fixture(scope="module")
def onnx_form(tmp_path_factory):
    return write_onnx_form(tmp_path_factory.mktemp("whole") / "own")


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.9999])
def test_a_vision_model_that_is_cut_off(share, onnx_form, tmp_path):
    data = (onnx_form / "onnx" / "vision_model.onnx").read_bytes()
    (tmp_path / "vision_model.onnx").write_bytes(data[: int(share * len(data))])
    with pytest.raises(CheckpointError, match=r"vision_model\.onnx"):
        read_onnx(tmp_path / "vision_model.onnx")


def test_any_bytes_for_a_vision_model(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "vision_model.onnx"
    for size in range(1, 400, 3):
        path.write_bytes(rng.bytes(size))
        with pytest.raises(CheckpointError, match=r"vision_model\.onnx"):
            read_onnx(path)


def test_a_vision_model_of_another_kind(onnx_form, tmp_path):
    """The location model under the vision model's name."""
    for name in ("vision_model.onnx", "location_model.onnx"):
        (tmp_path / name).write_bytes((onnx_form / "onnx" / "location_model.onnx").read_bytes())
    files = find_geoclip(tmp_path, gallery=[(0, 0), (1, 1)])
    with pytest.raises(CheckpointError, match="not GeoCLIP's vision model"):
        OnnxEngine(files)


def test_embeddings_of_two_lengths(onnx_form, tmp_path):
    short = location_tensors(64, out=256)
    path = write_pth(tmp_path / "location_encoder_weights.pth", short)
    (tmp_path / "vision_model.onnx").symlink_to(onnx_form / "onnx" / "vision_model.onnx")
    files = find_geoclip(tmp_path, gallery=[(0, 0), (1, 1)])
    assert files.location == path
    with pytest.raises(
        CheckpointError, match=r"is for 256 features, the network vision_model\.onnx has 512"
    ):
        OnnxEngine(files)


PICKLES = {
    "nothing": b"N", "a tuple": b")", "a dict of none": b"}X\1\0\0\0aNs", "no tensor": b"}",
}  # fmt: skip


@pytest.mark.parametrize("content", PICKLES)
@pytest.mark.parametrize("part", ["location_encoder", "image_encoder_mlp", "logit_scale"])
def test_a_pth_without_tensors(tmp_path, part, content):
    folder = write_safetensors_form(tmp_path / "geoclip")
    with zipfile.ZipFile(folder / f"{part}_weights.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + PICKLES[content] + b".")
    with pytest.raises(CheckpointError, match=r": not a "):
        OnnxEngine(find_geoclip(folder))


def test_a_scale_of_many_numbers(tmp_path):
    folder = write_safetensors_form(tmp_path / "geoclip")
    write_pth(folder / "logit_scale_weights.pth", np.zeros(5, np.float32))
    with pytest.raises(CheckpointError, match="a scale beside it"):
        OnnxEngine(find_geoclip(folder))
