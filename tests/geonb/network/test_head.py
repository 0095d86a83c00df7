"""A head's files: they name the network that it stands on, and no other passes for it."""

import numpy as np
import pytest

import geonb
from geonb.errors import CheckpointError
from geonb.network.opening import find_checkpoint
from geonb_training.head import write_head
from support.networks import make_cells, write_network
from support.pictures import coarse_photos

CLASSES = 5
BIAS = np.log(np.array([0.1, 0.2, 0.4, 0.2, 0.1], np.float32))


def write(folder, base, weight=None, bias=BIAS):
    """A head on a network; without weights it answers by its biases alone."""
    width = base.read().last_dense[1]
    weight = np.zeros((len(bias), width), np.float32) if weight is None else weight
    folder.mkdir()
    make_cells(len(bias)).write(folder / "grids.txt")
    write_head(folder, "ours", base, (weight, bias))
    return folder


@pytest.fixture
def base(tmp_path):
    return write_network(tmp_path / "base")


@pytest.mark.parametrize(
    "engine", ["onnxruntime", "reference", pytest.param("mxnet", marks=pytest.mark.mxnet)]
)
def test_a_networks_own_last_layer_as_a_head_answers_as_the_network(tmp_path, base, engine):
    arrays = base.read().arrays
    turned = slice(None, None, -1)  # the classes in another order
    last = (np.ascontiguousarray(arrays[f"fc1_{part}"][turned]) for part in ("weight", "bias"))
    head = geonb.load_model(write(tmp_path / "head", base, *last), engine)
    whole, photos = geonb.load_model(base.prefix), coarse_photos(2)
    expected = whole.probabilities(photos)[:, turned]
    assert head.probabilities(photos) == pytest.approx(expected, abs=1e-5)


def test_a_head_without_weights_answers_by_its_biases(tmp_path, base):
    model = geonb.load_model(write(tmp_path / "head", base))
    expected = np.tile(np.exp(BIAS), (2, 1))
    assert model.probabilities(coarse_photos(2)) == pytest.approx(expected, abs=1e-6)


def test_a_head_moves_with_the_cache_that_holds_its_network(tmp_path, monkeypatch):
    monkeypatch.setenv("GEONB_CACHE", str(tmp_path / "here"))
    base = write_network(tmp_path / "here" / "base")
    write(tmp_path / "here" / "head", base)
    (tmp_path / "here").rename(tmp_path / "there")
    with pytest.raises(CheckpointError, match=r"network ours that it was fitted on is not at"):
        find_checkpoint(tmp_path / "there" / "head")
    monkeypatch.setenv("GEONB_CACHE", str(tmp_path / "there"))
    found = find_checkpoint(tmp_path / "there" / "head")
    assert found.base == find_checkpoint(tmp_path / "there" / "base")


def test_a_network_that_has_changed_is_not_the_heads(tmp_path, base):
    folder = write(tmp_path / "head", base)
    assert find_checkpoint(folder).base == base
    write_network(base.folder, seed=1)
    words = r"head\.json: the network ours that it was fitted on is not at .*base.*geonb fetch ours"
    with pytest.raises(CheckpointError, match=words):
        find_checkpoint(folder)


def test_heads_on_one_network_share_its_conversion(tmp_path, base, cache):
    folders = [
        geonb.load_model(write(tmp_path / name, base, bias=bias)).network.folder
        for name, bias in (("one", BIAS), ("two", BIAS[:3]))
    ]
    assert folders[0] == folders[1]
    assert len(list(cache.glob("derived/tiny/*/"))) == 1


@pytest.mark.parametrize("name", ["head.json", "head.npz"])
@pytest.mark.parametrize("share", [0, 0.5, 0.95])
def test_a_file_that_is_cut_off_is_named(tmp_path, base, name, share):
    folder = write(tmp_path / "head", base)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(len(data) * share)])
    with pytest.raises(CheckpointError, match=rf"{name}: not a head .*; fit it again"):
        geonb.load_model(folder)


def test_arrays_that_would_grow_when_they_are_read_are_refused(tmp_path, base):
    folder = write(tmp_path / "head", base)
    zeros = np.zeros((5, 1_000_000), np.float32)
    np.savez_compressed(folder / "head.npz", weight=zeros, bias=BIAS)
    assert (folder / "head.npz").stat().st_size < 100_000
    with pytest.raises(CheckpointError, match="its parts are compressed"):
        geonb.load_model(folder)
