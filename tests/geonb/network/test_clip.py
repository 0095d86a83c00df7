"""CLIP's own file becomes a graph; one that is made up or lacks a tensor is refused."""

import json
import struct

import numpy as np
import pytest

from geonb.errors import CheckpointError
from geonb.network.clip import open_safetensors, write_clip
from geonb.network.geoclip import find_geoclip
from geonb.network.opening import OnnxEngine
from geonb.network.sessions import open_session
from geonb.network.torch_files import read_pth
from support.geoclip_by_hand import embed_photos_by_hand, unit
from support.geoclip_files import (
    SMALL,
    clip_tensors,
    write_safetensors,
    write_safetensors_form,
)

ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def safetensors(path, header, data=bytes(16), length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


LIES = {
    "beyond the file": ({"a": {**ONE, "shape": [5], "data_offsets": [0, 20]}}, None),
    "overlapping": ({"a": ONE, "b": {**ONE, "data_offsets": [4, 12]}}, None),
    "a hole": ({"a": ONE, "b": {**ONE, "data_offsets": [9, 17]}}, None),
    "negative": ({"a": {**ONE, "data_offsets": [-8, 0]}}, None),
    "backwards": ({"a": {**ONE, "data_offsets": [0, -8]}}, None),
    "not its shape": ({"a": {**ONE, "shape": [3]}}, None),
    "a negative shape": ({"a": {**ONE, "shape": [-1, -2]}}, None),
    "text for numbers": ({"a": {**ONE, "data_offsets": ["0", "8"]}}, None),
    "no shape": ({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, None),
    "a list": ([], None),
    "100 MB of JSON": (b"[" * 100, 100_000_000),
    "2**63 bytes of JSON": (b"{}", 1 << 63),
    "deep JSON": (b"[" * 200_000, None),
    "no JSON": (b"\xff\xfe\x00", None),
    "nothing": (b"", None),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_safetensors_header_that_lies(lie, tmp_path):
    header, length = LIES[lie]
    path = safetensors(tmp_path / "model.safetensors", header, length=length)
    with (
        pytest.raises(CheckpointError, match=r"model\.safetensors"),
        open_safetensors(path) as tensors,
    ):
        tensors.get_tensor("a")


def test_an_honest_header(tmp_path):
    data = np.arange(4, dtype="<f4").tobytes()
    header = {"__metadata__": {"x": "y"}, "b": ONE, "c": {**ONE, "data_offsets": [8, 16]}}
    with open_safetensors(safetensors(tmp_path / "a.safetensors", header, data)) as tensors:
        assert tensors.get_tensor("c").tolist() == [2, 3]


def test_clip_without_a_layer(tmp_path):
    folder = write_safetensors_form(tmp_path / "own")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(b"post_layernorm.bias", b"post_layernorm.bios"))
    with pytest.raises(CheckpointError, match=r"no tensor 'vision_model\.post_layernorm\.bias'"):
        OnnxEngine(find_geoclip(folder))


@pytest.mark.parametrize("change", [{"width": 100}, {"layers": 0}])
def test_what_is_no_vision_transformer_of_clip(tmp_path, change):
    path = tmp_path / "model.safetensors"
    write_safetensors(path, list(clip_tensors(**(SMALL | change))))
    with pytest.raises(CheckpointError, match=r"not CLIP with a vision transformer; expected ViT"):
        write_clip(path, {}, tmp_path)


def test_the_transformer_is_what_numpy_makes_of_it_by_hand(tmp_path):
    """Two photos at once, neither of which is the other's."""
    folder = write_safetensors_form(tmp_path / "own")
    mlp = read_pth(folder / "image_encoder_mlp_weights.pth")
    write_clip(folder / "model.safetensors", mlp, tmp_path)
    photos = np.random.default_rng(6).standard_normal((2, 3, 224, 224), np.float32)
    session = open_session(tmp_path / "model.onnx")
    (found,) = session.run(["image_embeds"], {"pixel_values": photos})
    assert unit(found) == pytest.approx(embed_photos_by_hand(photos), abs=1e-5)
    assert np.abs(found[0] - found[1]).max() > 0.01
