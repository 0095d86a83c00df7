"""GeoCLIP's files become one classifier: both forms give what NumPy makes of them by hand."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from geonb.network.geoclip import find_geoclip
from geonb.network.opening import OnnxEngine
from geonb.network.sessions import open_session
from support.geoclip_by_hand import by_hand
from support.geoclip_files import FORMS, make_points, write_int8, write_onnx_form

PHOTOS = np.random.default_rng(5).standard_normal((3, 3, 224, 224), np.float32)


@pytest.fixture(scope="module", params=FORMS)
def files(request, tmp_path_factory):
    return find_geoclip(FORMS[request.param](tmp_path_factory.mktemp("geoclip") / "own"))


@pytest.fixture(scope="module")
def engine(files):
    return OnnxEngine(files)


def test_the_probability_of_a_place_is_that_of_all_its_points(files, engine):
    """Every point of the gallery in its own right, by hand, added up where points are the same."""
    points = make_points()
    expected = by_hand(PHOTOS, points)
    index = files.gallery.cells.index(points)
    summed = np.zeros((3, len(files.gallery.cells)))
    np.add.at(summed.T, index, expected.T)
    answer = engine.probabilities(PHOTOS)
    assert answer.shape == summed.shape == (3, len(np.unique(points, axis=0)))
    assert answer == pytest.approx(summed, abs=1e-4)
    assert expected.max() > 5 / len(points), "a network without an opinion would prove nothing"
    assert len(set(answer.argmax(axis=1))) > 1


def test_the_network_is_written_once_for_all_galleries(files, engine):
    own = find_geoclip(files.folder, gallery=[(48.8566, 2.3522), (51.5074, -0.1278)])
    assert OnnxEngine(own).folder == engine.folder


def test_a_converted_model_starts_without_onnx(files, engine):
    code = (
        "import sys, geonb; from PIL import Image\n"
        f"model = geonb.load_model({str(files.folder)!r})\n"
        "geonb.predict(model, Image.new('RGB', (50, 50)))\n"
        "print('onnx' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_other_outputs_of_a_vision_model_are_left_out(tmp_path):
    folder = write_onnx_form(tmp_path / "own")
    expected = OnnxEngine(find_geoclip(folder)).probabilities(PHOTOS)
    path = folder / "onnx" / "vision_model.onnx"
    model = onnx.load(path)
    model.graph.output.insert(0, onnx.ValueInfoProto(name=model.graph.node[0].output[0]))
    onnx.save(model, path)
    assert OnnxEngine(find_geoclip(folder)).probabilities(PHOTOS) == pytest.approx(expected)


def test_a_gallery_of_your_own(files):
    own = [(48.8566, 2.3522), (51.5074, -0.1278), (48.8566, 2.3522)]
    chosen = find_geoclip(files.vision.parent, gallery=own)
    answer = OnnxEngine(chosen).probabilities(PHOTOS)
    index = chosen.gallery.cells.index(own)
    expected = by_hand(PHOTOS, np.array(own))
    assert answer[:, index[0]] == pytest.approx(expected[:, 0] + expected[:, 2], abs=1e-4)
    assert answer[:, index[1]] == pytest.approx(expected[:, 1], abs=1e-4)


@pytest.fixture
def int8(tmp_path):
    """A small GeoCLIP with a vision model in int8, as its publishers make it."""
    folder = write_onnx_form(tmp_path / "geoclip")
    write_int8(folder)
    return folder


def products(model):
    """Weights less their zero points of each 8-bit product, (in, out); and their types."""
    arrays = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "MatMulInteger":
            weights, zero = arrays[node.input[1]], arrays[node.input[3]]
            yield weights.astype(int) - zero, weights.dtype


def test_unsigned_weights_become_signed_ones_of_the_same_value(int8, tmp_path):
    """The processor has an instruction for these, so that they are nearly twice as fast."""
    files = find_geoclip(int8, int8=True)
    files.write_onnx(tmp_path)
    before, after = (list(products(onnx.load(p))) for p in (files.vision, tmp_path / "model.onnx"))
    assert len(before) == len(after) > 10
    assert {kind for _, kind in before} == {np.dtype(np.uint8)}
    assert {kind for _, kind in after} == {np.dtype(np.int8)}
    for (old, _), (new, _) in zip(before, after, strict=True):
        assert np.array_equal(old, new)


def test_the_answer_stays_where_weights_are_signed(int8):
    files = find_geoclip(int8, int8=True)
    engine = OnnxEngine(files)
    plain = open_session(files.vision).run(None, {"pixel_values": PHOTOS})[0]
    assert np.abs(engine.last.probabilities(plain) - engine.probabilities(PHOTOS)).max() < 1e-6
