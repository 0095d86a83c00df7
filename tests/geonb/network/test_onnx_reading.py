"""A classifier that somebody else turned into ONNX: as it is, with float16, and with its labels."""

import numpy as np
import pytest

import geonb
from geonb.errors import CellsError, CheckpointError, ModelError
from geonb.network import onnx_reading
from geonb.network.opening import find_checkpoint
from geonb_training.head import write_head
from support.networks import make_cells, write_network


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A network of MXNet's, with its cells."""
    files = write_network(tmp_path_factory.mktemp("mxnet") / "own")
    return files.folder


def converted(original, folder, *, half=False, labels=None, batch=None):
    """What Windows ML's converter makes of it: one file, a table of labels behind the softmax."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    folder.mkdir()
    find_checkpoint(original).write_onnx(folder)
    model = onnx.load(folder / "model.onnx")
    (folder / "model.onnx").unlink()
    (folder / "model.data").unlink()
    graph = model.graph
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    for i, tensor in enumerate(graph.initializer):
        array = numpy_helper.to_array(tensor).astype(np.float16 if half else np.float32)
        graph.initializer[i].CopyFrom(numpy_helper.from_array(array, tensor.name))
    graph.input[0].type.tensor_type.elem_type = kind
    if batch:
        graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
    softmax = graph.output[0].name
    cells = geonb.read_cells(original / "grids.txt")
    rows = zip(cells.tokens, cells.places.tolist(), strict=True)
    named = labels or [f"{token}\t{lat}\t{lng}" for token, (lat, lng) in rows]
    graph.node.append(
        helper.make_node(
            "ZipMap", [softmax], ["classLabel"], domain="ai.onnx.ml", classlabels_strings=named
        )
    )
    graph.output[0].type.tensor_type.elem_type = kind
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 2))
    onnx.save(model, folder / "RN.onnx")
    cells.write(folder / "grids.txt")
    return folder


@pytest.mark.parametrize(("half", "tolerance"), [(False, 1e-5), (True, 2e-2)])
def test_it_answers_as_the_original(original, tmp_path, half, tolerance):
    photos = [geonb.example_photo()] * 2
    expected = geonb.load_model(original).probabilities(photos)
    model = geonb.load_model(converted(original, tmp_path / "onnx", half=half))
    answer = model.probabilities(photos)
    assert answer.dtype == np.float32
    assert answer == pytest.approx(expected, abs=tolerance)
    assert answer[0] == pytest.approx(answer[1])


def test_a_network_for_one_photo_at_a_time(original, tmp_path):
    photos = [geonb.example_photo()] * 3
    model = geonb.load_model(converted(original, tmp_path / "onnx", batch=1))
    assert model.probabilities(photos).shape == (3, len(model.cells))


def test_named_by_its_file(original, tmp_path):
    folder = converted(original, tmp_path / "onnx")
    assert geonb.load_model(folder / "RN.onnx").name == "RN.onnx"


def test_a_head_on_it_finds_it_again(original, tmp_path):
    """Heads name their network by its prefix, which was a path without its ending."""
    files = find_checkpoint(converted(original, tmp_path / "onnx"))
    (tmp_path / "head").mkdir()
    write_head(tmp_path / "head", "RN", files, (np.ones((3, 2)), np.zeros(3)))
    assert find_checkpoint(tmp_path / "head").base == files


def test_the_labels_of_another_model(original, tmp_path):
    other = make_cells(len(geonb.read_cells(original / "grids.txt")), seed=5).tokens
    folder = converted(original, tmp_path / "onnx", labels=other)
    with pytest.raises(CellsError, match=r"labels are not the cells of .*grids\.txt"):
        geonb.load_model(folder)


def test_a_list_that_is_too_short(original, tmp_path):
    folder = converted(original, tmp_path / "onnx", labels=["", ""])
    make_cells(5).write(folder / "grids.txt")
    with pytest.raises(CellsError):
        geonb.load_model(folder)


def test_a_file_that_is_no_network(original, tmp_path):
    folder = converted(original, tmp_path / "onnx")
    (folder / "RN.onnx").write_bytes((folder / "RN.onnx").read_bytes()[:5000])
    with pytest.raises(CheckpointError, match=r"RN\.onnx"):
        geonb.load_model(folder)


def test_it_has_no_layers_to_go_on_from(original, tmp_path):
    files = find_checkpoint(converted(original, tmp_path / "onnx"))
    with pytest.raises(ModelError, match=r"RN\.onnx: no layers to read; expected MXNet's files or"):
        files.read()


def test_one_engine_runs_it(original, tmp_path):
    with pytest.raises(ModelError, match="the engine onnxruntime only, not on reference"):
        geonb.load_model(converted(original, tmp_path / "onnx"), engine="reference")


def test_its_labels_are_compared_once_for_each_list(original, tmp_path, monkeypatch):
    """Reading them takes the whole file into memory; a list that changes is compared again."""
    folder = converted(original, tmp_path / "onnx")
    geonb.load_model(folder)
    with monkeypatch.context() as later:
        later.setattr(onnx_reading, "read_onnx", None)
        assert geonb.load_model(folder).cells
    make_cells(len(geonb.read_cells(original / "grids.txt")), seed=5).write(folder / "grids.txt")
    with pytest.raises(CellsError, match="labels are not the cells of"):
        geonb.load_model(folder)
