"""GeoCLIP's files become one classifier: both forms give what NumPy makes of them by hand."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from geonb.network.gallery import location_encoder
from geonb.network.geoclip import find_geoclip
from geonb.network.opening import OnnxEngine
from geonb.network.sessions import open_session
from support.geoclip_files import (
    FORMS,
    SMALL,
    clip_tensors,
    location_tensors,
    make_points,
    mlp_tensors,
    write_int8,
    write_onnx_form,
)

PHOTOS = np.random.default_rng(5).standard_normal((3, 3, 224, 224), np.float32)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def by_hand(photos, points):
    """GeoCLIP in NumPy, from photos (N, 3, 224, 224) to the probability of each point, (N, M)."""
    w, mlp, v = dict(clip_tensors(**SMALL)), mlp_tensors(SMALL["inside"]), "vision_model."
    width, patch = SMALL["width"], SMALL["patch"]

    def dense(x, name, weights=w):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    n, side = len(photos), 224 // patch
    tiles = photos.reshape(n, 3, side, patch, side, patch).transpose(0, 2, 4, 1, 3, 5)
    x = (
        tiles.reshape(n, side * side, -1)
        @ w[f"{v}embeddings.patch_embedding.weight"].reshape(width, -1).T
    )
    token = np.broadcast_to(w[f"{v}embeddings.class_embedding"], (n, 1, width))
    x = np.concatenate([token, x], axis=1) + w[f"{v}embeddings.position_embedding.weight"]
    x = norm(x, f"{v}pre_layrnorm")
    for i in range(SMALL["layers"]):
        p = f"{v}encoder.layers.{i}."
        h = norm(x, f"{p}layer_norm1")
        q, k, value = (
            dense(h, f"{p}self_attn.{part}_proj").reshape(n, -1, width // 64, 64).swapaxes(1, 2)
            for part in "qkv"
        )
        scores = np.exp(q @ k.swapaxes(-1, -2) / 8)
        h = (scores / scores.sum(-1, keepdims=True)) @ value
        x = x + dense(h.swapaxes(1, 2).reshape(x.shape), f"{p}self_attn.out_proj")
        h = dense(norm(x, f"{p}layer_norm2"), f"{p}mlp.fc1")
        x = x + dense(h / (1 + np.exp(-1.702 * h)), f"{p}mlp.fc2")
    x = norm(x[:, 0], f"{v}post_layernorm") @ w["visual_projection.weight"].T
    x = unit(dense(np.maximum(dense(x, "0", mlp), 0), "2", mlp))
    logits = np.exp(3.681034803390503) * x @ embed_by_hand(points).T
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def embed_by_hand(points):
    """Places (M, 2) to unit vectors (M, 512), in double precision."""
    w = location_tensors(SMALL["hidden"])
    lat, lng = np.radians(points.astype(np.float32).astype(float)).T
    t = np.arcsin(np.sqrt(3) / 2 * np.sin(lat))
    a = 1.340264, -0.081106, 0.000893, 0.003796
    x = 2 * np.sqrt(3) * lng * np.cos(t)
    x /= 3 * (9 * a[3] * t**8 + 7 * a[2] * t**6 + 3 * a[1] * t**2 + a[0])
    y = a[3] * t**9 + a[2] * t**7 + a[1] * t**3 + a[0] * t
    flat = np.stack([x, y], axis=1) * 66.50336 / 180
    total = 0
    for i in range(3):
        angles = 2 * np.pi * flat @ w[f"LocEnc{i}.capsule.0.b"].T
        h = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
        for k in (1, 3, 5):
            name = f"LocEnc{i}.capsule.{k}"
            h = np.maximum(h @ w[f"{name}.weight"].T + w[f"{name}.bias"], 0)
        total = total + h @ w[f"LocEnc{i}.head.0.weight"].T + w[f"LocEnc{i}.head.0.bias"]
    return unit(total)


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


def test_each_place_is_a_point_of_the_gallery_to_the_last_bit(files):
    places = files.gallery.cells.places
    assert set(map(tuple, places)) == set(map(tuple, make_points()))
    assert (files.gallery.cells.index(places) == np.arange(len(places))).all()
    assert files.gallery.counts.sum() == len(make_points())


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


def test_both_location_encoders_are_the_same(tmp_path):
    places = np.array([[0.0, 0.0], [35.65, 139.74], [-90, -180], [89.99, 180], [-33.4, -70.6]])
    first, second = (
        location_encoder(find_geoclip(write(tmp_path / name)).location)(places)
        for name, write in FORMS.items()
    )
    assert first == pytest.approx(second, abs=2e-3)  # the finest features turn 256 times a unit
    assert first == pytest.approx(embed_by_hand(places), abs=2e-3)


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
