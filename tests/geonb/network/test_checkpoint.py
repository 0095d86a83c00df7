"""A checkpoint is found by its folder, its prefix or its epoch; what is missing is named."""

import shutil
from pathlib import Path

import pytest

import geonb
from geonb.errors import CheckpointError, ModelError
from geonb.network.checkpoint import OneFile
from geonb.network.opening import find_checkpoint
from support.networks import write_network


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path)


def test_folder_prefix_and_epoch_name_the_same_files(tmp_path, files):
    shutil.copy(files.params, tmp_path / "tiny-0003.params")
    for name in (".", "tiny", "tiny-0012", "tiny-0012.params", "tiny-symbol.json"):
        assert find_checkpoint(tmp_path / name) == files, name
    assert find_checkpoint(tmp_path / "tiny-0003").params.name == "tiny-0003.params"
    assert files.prefix == str(tmp_path / "tiny")


def test_names_with_brackets_and_stars_are_names(tmp_path, monkeypatch):
    for name in ("a[1]", "b*", "c?"):
        files = write_network(tmp_path / f"in {name}", name=name)
        assert find_checkpoint(files.folder) == find_checkpoint(files.folder / name) == files
        monkeypatch.chdir(files.folder)
        assert geonb.load_model(name).name == name


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "~nobody-of-this-name/x", "/" + "y" * 300])
def test_names_that_no_file_can_have(name):
    with pytest.raises(ModelError):
        geonb.load_model(name)


def test_missing_files_are_named(tmp_path, files):
    with pytest.raises(CheckpointError, match=r"nothing-symbol\.json: no such file"):
        find_checkpoint(tmp_path / "nothing")
    files.params.unlink()
    with pytest.raises(CheckpointError, match=r"no tiny-.*\.params beside tiny-symbol.json"):
        find_checkpoint(tmp_path)
    (tmp_path / "two-symbol.json").touch()
    with pytest.raises(CheckpointError, match="2 files"):
        find_checkpoint(tmp_path)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("..", "__"),
        (".", "_"),
        (".part-0123", "_part-0123"),
        ("RN101-5k500", "RN101-5k500"),
        ("Tōkyō 東京\n\udcff", "Tōkyō_東京__"),
        ("x" * 99, "x" * 40),
    ],
)
def test_a_model_s_folder_has_a_name_that_every_folder_may_have(name, folder):
    assert OneFile(Path(name)).owner == folder
