"""GeoCLIP files that are cut off, changed or made up: one line that says which, and no crash."""

import copy
import json
import pickle
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from geonb.errors import CellsError, CheckpointError, PlaceError
from geonb.network import torch_files
from geonb.network.clip import open_safetensors
from geonb.network.gallery import location_encoder, read_points
from geonb.network.geoclip import find_geoclip
from geonb.network.onnx_reading import read_onnx
from geonb.network.opening import OnnxEngine
from geonb.network.torch_files import read_pth
from support.geoclip_files import (
    location_tensors,
    write_onnx_form,
    write_pth,
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


class Call:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "function", [print, eval, np.array, bytearray, __import__, pickle.loads, zipfile.ZipFile]
)
def test_a_pickle_that_wants_any_other_name(function, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"a": Call(function, "x")}, 2))
    with pytest.raises(CheckpointError, match=r"has no place in a file of tensors"):
        read_pth(tmp_path / "a.pth")


def test_tensors_are_read_with_their_strides(tmp_path):
    tensors = {"a": np.arange(6, dtype="<f4").reshape(2, 3), "b": np.array([7], "<f4")}
    found = read_pth(write_pth(tmp_path / "a.pth", tensors))
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in tensors.items()
    }
    assert float(read_pth(write_pth(tmp_path / "b.pth", np.float32(3.5)))) == 3.5


@pytest.mark.parametrize(
    "lie", ["too large", "negative", "repeated", "cut off", "no storage", "no zip"]
)
def test_a_pth_that_lies(lie, tmp_path):
    path = write_pth(tmp_path / "a.pth", {"a": np.arange(6, dtype="<f4").reshape(2, 3)})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    body = parts["archive/data.pkl"]
    shape = b"(J\x02\x00\x00\x00J\x03\x00\x00\x00t"
    assert shape in body
    if lie in {"too large", "negative"}:
        other = {"too large": 3_000_000, "negative": -3}[lie]
        parts["archive/data.pkl"] = body.replace(
            shape, b"(J\x02\x00\x00\x00J" + struct.pack("<i", other) + b"t"
        )
    if lie == "repeated":
        large, strides = (
            b"(J\x00\x00\x00\x10J\x03\x00\x00\x00t",
            b"(J\x03\x00\x00\x00J\x01\x00\x00\x00t",
        )
        none = b"(J\x00\x00\x00\x00J\x00\x00\x00\x00t"
        assert strides in body
        parts["archive/data.pkl"] = body.replace(shape, large).replace(strides, none)
    if lie == "cut off":
        parts["archive/data.pkl"] = body[: len(body) // 2]
    if lie == "no storage":
        del parts["archive/data/0"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    if lie == "no zip":
        path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(CheckpointError, match=r"a\.pth"):
        read_pth(path)


def write_pickle(path, body, storages=None):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", body)
        for key, data in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", data)
    return path


def test_a_pth_changes_nothing_of_ours(tmp_path):
    """BUILD sets attributes: those of a function are its defaults, for the whole process."""
    function = b"ctorch._utils\n_rebuild_tensor_v2\n"
    state = pickle.dumps({"__defaults__": (1, 2, 3)}, 2)[2:-1]
    path = write_pickle(tmp_path / "a.pth", b"\x80\x02" + function + state + b"b.")
    with pytest.raises(CheckpointError, match="no tensors"):
        read_pth(path)
    assert torch_files.read_pth.__defaults__ is None


def test_a_pth_of_tuples_in_tuples(tmp_path):
    """Hashing them takes for ever, and they are dictionary keys: 200 bytes hung."""
    body = b"\x80\x02})q\x00" + b"".join(
        b"h" + bytes([i]) + b"\x86q" + bytes([i + 1]) for i in range(100)
    )
    with pytest.raises(CheckpointError, match=r"a\.pth"):
        read_pth(write_pickle(tmp_path / "a.pth", body + b"K\x01s."))
    deep = b"\x80\x02})" + b"\x85" * 90_000 + b"K\x01s."
    begun = time.monotonic()
    with pytest.raises(CheckpointError, match="not text"):
        read_pth(write_pickle(tmp_path / "b.pth", deep))
    with pytest.raises(CheckpointError, match="its pickle has"):
        read_pth(write_pickle(tmp_path / "c.pth", bytes(100_001)))
    assert time.monotonic() - begun < 20


def test_tensors_of_one_storage_share_it(tmp_path):
    """Five hundred tensors on the same 4 MB took 2 GB."""
    count = 1_000_000
    storage = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuJ@B\x0f\0tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage
    tensor += b"K\0J@B\x0f\0\x85K\1\x85\x89}tR"
    body = b"".join(b"X\4\0\0\0" + f"{i:04}".encode() + tensor for i in range(500))
    path = write_pickle(tmp_path / "a.pth", b"\x80\x02}(" + body + b"u.", {"0": bytes(4 * count)})
    tracemalloc.start()
    found = read_pth(path)
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()
    assert {tensor.shape for tensor in found.values()} == {(count,)}
    assert len(found) == 500


def test_whole_numbers_in_a_pth_are_refused(tmp_path):
    storage = b"(X\7\0\0\0storagectorch\nLongStorage\nX\1\0\0\x000X\3\0\0\0cpuK\1tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0))\x89}tR"
    body = b"\x80\x02}X\5\0\0\0steps" + tensor + b"s."
    with pytest.raises(CheckpointError, match="LongStorage has no place in a file of float tens"):
        read_pth(write_pickle(tmp_path / "a.pth", body, {"0": bytes(8)}))


def test_parts_that_overlap_are_refused(tmp_path):
    path = write_pickle(tmp_path / "a.pth", b"\x80\x02}.", {"0": bytes(4000)})
    with zipfile.ZipFile(path, "a") as archive:
        for i in range(1, 9):
            info = copy.copy(archive.getinfo("archive/data/0"))
            info.filename = f"archive/data/{i}"
            archive.filelist.append(info)
        archive._didModify = True
    with pytest.raises(CheckpointError, match="overlap"):
        read_pth(path)


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


def test_a_location_encoder_without_a_layer(tmp_path):
    tensors = location_tensors(64)
    del tensors["LocEnc1.capsule.3.bias"]
    with pytest.raises(CheckpointError, match=r"lacks 'LocEnc1\.capsule\.3\.bias'"):
        location_encoder(write_pth(tmp_path / "a.pth", tensors))


def test_clip_without_a_layer(tmp_path):
    folder = write_safetensors_form(tmp_path / "own")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(b"post_layernorm.bias", b"post_layernorm.bios"))
    with pytest.raises(CheckpointError, match=r"no tensor 'vision_model\.post_layernorm\.bias'"):
        OnnxEngine(find_geoclip(folder))


GALLERIES = {
    "swapped.json": ("[[139.7, 35.6], [2.3, 48.8]]", PlaceError, "swapped"),
    "impossible.json": ("[[91.5, 200.0], [2.3, 48.8]]", PlaceError, "is not a place"),
    "nan.json": ("[[NaN, 2], [3, 4]]", PlaceError, "is not a place"),
    "one.json": ("[[1, 2]]", CellsError, "two places or more, this has 1"),
    "none.json": ("[]", (CellsError, PlaceError), "none.json"),
    "text.json": ('[["a", "b"], [1, 2]]', PlaceError, "expected"),
    "three.json": ("[[1, 2, 3], [1, 2, 3]]", PlaceError, "pairs"),
    "broken.json": ("[[1, 2], [3", CellsError, "not a gallery"),
    "deep.json": ("[" * 100_000, CellsError, "not a gallery"),
    "swapped.csv": ("lat,lng\n139.7,35.6\n2.3,48.8\n", PlaceError, "swapped"),
    "names.csv": ("x,y\n1,2\n3,4\n", CellsError, "columns lat and lng, this has x, y"),
    "short.csv": ("lat,lng\n1,2\n3\n", PlaceError, "expected|not a place"),
    "empty.csv": ("", CellsError, "none"),
    "binary.csv": ("\ufeffLAT,LON\n\x00,1\n2,3\n", PlaceError, "expected"),
}


@pytest.mark.parametrize("name", GALLERIES)
def test_a_gallery_that_is_none(name, tmp_path):
    text, error, words = GALLERIES[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(error, match=words) as caught:
        read_points(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_galleries_of_every_form(tmp_path):
    expected = [[35.6586, 139.7454], [-33.45, -70.66]]
    (tmp_path / "a.json").write_text(json.dumps(expected))
    (tmp_path / "b.csv").write_text(
        "name,Longitude,Latitude\na,139.7454,35.6586\nb,-70.66,-33.45\n"
    )
    (tmp_path / "c.csv").write_text("\ufeffLAT,LON\n35.6586,139.7454\n-33.45,-70.66\n")
    for source in (expected, np.array(expected), *sorted(tmp_path.iterdir())):
        assert read_points(source).tolist() == expected


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


@pytest.mark.parametrize("shape", [(), (2,), (10, 10)])
def test_matrices_that_do_not_fit(tmp_path, shape):
    tensors = {name: np.zeros(shape, np.float32) for name in location_tensors(64)}
    encode = location_encoder(write_pth(tmp_path / "location_encoder_weights.pth", tensors))
    with pytest.raises(CheckpointError, match="not a location encoder"):
        encode(np.zeros((1, 2)))


def test_a_scale_of_many_numbers(tmp_path):
    folder = write_safetensors_form(tmp_path / "geoclip")
    write_pth(folder / "logit_scale_weights.pth", np.zeros(5, np.float32))
    with pytest.raises(CheckpointError, match="a scale beside it"):
        OnnxEngine(find_geoclip(folder))
