"""Models are found by name, folder or prefix; what does not belong together is named."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

import geonb
from geonb.errors import CellsError, CheckpointError, ModelError
from geonb_training.scenes import held_out
from support.networks import write_network


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path / "own")


def test_folder_and_prefix_open_the_same_model(files, cache):
    for source in (files.symbol.parent, files.prefix, f"{files.prefix}-0012"):
        model = geonb.load_model(source)
        assert model.name == "tiny"
        assert len(model.cells) == 40
        assert model.weights is None


def test_mini_says_what_it_is():
    model = geonb.load_model("mini")
    assert "street scenes only" in model.note
    assert f"{len(model.cells):,} cells" in repr(model)
    assert "BSD" in repr(model)
    assert "\x1b" not in repr(replace(model, name="\x1b[2J"))
    assert f"{len(model.cells):,} cells" in model._repr_html_()


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ModelError, match=r"no model 'maxi'.*locationnet, geoclip, mini"):
        geonb.load_model("maxi")
    with pytest.raises(ModelError, match="no engine 'tensorflow'"):
        geonb.load_model("mini", engine="tensorflow")


def test_a_prefix_without_its_params(files):
    files.params.unlink()
    with pytest.raises(CheckpointError, match=r"no tiny-.*\.params"):
        geonb.load_model(files.prefix)


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(CheckpointError, match=r"gone-symbol\.json: no such file"):
        geonb.load_model(tmp_path / "gone")


def test_cells_of_another_model(files, tmp_path):
    other = write_network(tmp_path / "other", classes=41)
    shutil.copy(other.symbol.with_name("grids.txt"), files.symbol.with_name("grids.txt"))
    with pytest.raises(CellsError, match=r"41 cells, but tiny-symbol.json has 40 classes"):
        geonb.load_model(files.prefix)


def test_cells_are_missing(files):
    files.symbol.with_name("grids.txt").unlink()
    with pytest.raises(CellsError, match=r"grids\.txt: cannot read it, expected a cell list"):
        geonb.load_model(files.prefix)


def test_many_photos_go_through_the_network_in_small_batches():
    model = geonb.load_model("mini")
    scenes = [scene.image for scene in held_out(35)]
    sizes = []

    class Counted:
        def probabilities(self, batch):
            sizes.append(len(batch))
            return model.network.probabilities(batch)

    answer = replace(model, network=Counted()).probabilities(scenes)
    assert answer.shape == (35, len(model.cells))
    assert max(sizes) <= 16
    assert np.allclose(answer[20], model.probabilities(scenes[20])[0], atol=1e-5)
    assert model.probabilities([]).shape == (0, len(model.cells))


def test_a_name_that_no_file_can_have_is_no_model():
    with pytest.raises(ModelError, match="no model 'xxx") as caught:
        geonb.load_model("x" * 5000)
    assert len(str(caught.value)) < 500


def test_a_name_with_line_breaks_and_marks_is_one_line(tmp_path):
    name = "a\nb\u202ec" + os.fsdecode(b"\xff")
    files = write_network(tmp_path, name=name)
    model = geonb.load_model(files.prefix)
    for text in (repr(model), model._repr_html_(), repr(geonb.show_cells(model))):
        assert r"a\nb\u202ec\udcff" in text
        assert "\u202e" not in text
    geonb.write_page(geonb.predict(model, geonb.example_photo()), tmp_path / "page.html")
