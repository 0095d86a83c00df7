"""Torch's files of float tensors: read without running anything that they hold."""

import copy
import pickle
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from geonb.errors import CheckpointError
from geonb.network import torch_files
from geonb.network.torch_files import read_pth
from support.geoclip_files import write_pth


def write_pickle(path, body, storages=None):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", body)
        for key, data in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", data)
    return path


def test_tensors_are_read_with_their_strides(tmp_path):
    tensors = {"a": np.arange(6, dtype="<f4").reshape(2, 3), "b": np.array([7], "<f4")}
    found = read_pth(write_pth(tmp_path / "a.pth", tensors))
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in tensors.items()
    }
    assert float(read_pth(write_pth(tmp_path / "b.pth", np.float32(3.5)))) == 3.5


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


def test_a_tensor_of_nine_dimensions_is_refused(tmp_path):
    path = write_pth(tmp_path / "a.pth", {"a": np.zeros((1,) * 9, "<f4")})
    with pytest.raises(CheckpointError, match="a tensor of 9 dimensions"):
        read_pth(path)


def test_a_pickle_that_makes_anything_else_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="EMPTY_LIST has no place in a file of tensors"):
        read_pth(write_pickle(tmp_path / "a.pth", b"\x80\x02]."))


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
