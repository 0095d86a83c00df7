"""GeoCLIP's places: read from any list, each of them once, and embedded once."""

import json

import numpy as np
import pytest

import geonb
from geonb.errors import CellsError, CheckpointError, ModelError, PlaceError
from geonb.network import gallery
from geonb.network.gallery import location_encoder, read_points
from geonb.network.geoclip import find_geoclip, pip_folder
from support.geoclip_by_hand import embed_by_hand
from support.geoclip_files import FORMS, location_tensors, make_points, write_onnx_form, write_pth


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_onnx_form(tmp_path_factory.mktemp("own") / "mine")


def test_galleries_of_every_form(tmp_path):
    expected = [[35.6586, 139.7454], [-33.45, -70.66]]
    (tmp_path / "a.json").write_text(json.dumps(expected))
    (tmp_path / "b.csv").write_text(
        "name,Longitude,Latitude\na,139.7454,35.6586\nb,-70.66,-33.45\n"
    )
    (tmp_path / "c.csv").write_text("\ufeffLAT,LON\n35.6586,139.7454\n-33.45,-70.66\n")
    for source in (expected, np.array(expected), *sorted(tmp_path.iterdir())):
        assert read_points(source).tolist() == expected


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


def test_a_location_encoder_without_a_layer(tmp_path):
    tensors = location_tensors(64)
    del tensors["LocEnc1.capsule.3.bias"]
    with pytest.raises(CheckpointError, match=r"lacks 'LocEnc1\.capsule\.3\.bias'"):
        location_encoder(write_pth(tmp_path / "a.pth", tensors))


@pytest.mark.parametrize("shape", [(), (2,), (10, 10)])
def test_matrices_that_do_not_fit(tmp_path, shape):
    tensors = {name: np.zeros(shape, np.float32) for name in location_tensors(64)}
    encode = location_encoder(write_pth(tmp_path / "location_encoder_weights.pth", tensors))
    with pytest.raises(CheckpointError, match="not a location encoder"):
        encode(np.zeros((1, 2)))


def test_embeddings_that_are_not_numbers(tmp_path):
    tensors = location_tensors(64)
    tensors["LocEnc1.head.0.bias"][0] = np.nan
    encode = location_encoder(write_pth(tmp_path / "a.pth", tensors))
    with pytest.raises(CheckpointError, match=r"a\.pth: its embeddings are not numbers; fetch it"):
        encode(np.zeros((1, 2)))


def test_the_vision_model_embeds_no_places(folder):
    with pytest.raises(CheckpointError, match="not a location encoder; expected one input, locat"):
        location_encoder(folder / "onnx" / "vision_model.onnx")


@pytest.mark.parametrize("write", FORMS.values(), ids=FORMS)
def test_each_place_is_a_point_of_the_gallery_to_the_last_bit(write, tmp_path):
    files = find_geoclip(write(tmp_path / "own"))
    places = files.gallery.cells.places
    assert set(map(tuple, places)) == set(map(tuple, make_points()))
    assert (files.gallery.cells.index(places) == np.arange(len(places))).all()
    assert files.gallery.counts.sum() == len(make_points())


def test_both_location_encoders_are_the_same(tmp_path):
    places = np.array([[0.0, 0.0], [35.65, 139.74], [-90, -180], [89.99, 180], [-33.4, -70.6]])
    first, second = (
        location_encoder(find_geoclip(write(tmp_path / name)).location)(places)
        for name, write in FORMS.items()
    )
    assert first == pytest.approx(second, abs=2e-3)  # the finest features turn 256 times a unit
    assert first == pytest.approx(embed_by_hand(places), abs=2e-3)


def test_embeddings_are_made_once(folder, cache, monkeypatch):
    geonb.load_model(folder)

    def never(_):
        raise AssertionError("embedded again")

    monkeypatch.setattr(gallery, "location_encoder", never)
    assert geonb.load_model(folder)


def test_no_room_for_the_embeddings(folder, cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gallery, "write_embeddings", full)
    with pytest.raises(ModelError, match=r"mine: cannot write .*\(No space left on device\)"):
        geonb.load_model(folder)
    assert not list(cache.rglob("*.npy"))


@pytest.mark.newest
@pytest.mark.slow  # sorts a million places into cells
@pytest.mark.timeout(900)
def test_a_gallery_of_a_million_places(tmp_path, cache, monkeypatch):
    """Embedding them takes minutes; what is around it must cope, a piece at a time."""
    pieces = []

    def encoder(_):
        def embed(places):
            pieces.append(len(places))
            return np.float32(places / 180)

        return embed

    monkeypatch.setattr(gallery, "location_encoder", encoder)
    (tmp_path / "location_model.onnx").write_bytes(b"an encoder")
    rng = np.random.default_rng(0)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 1_000_000)))
    points = np.stack([lat, rng.uniform(-180, 180, len(lat))], axis=1).round(4)
    found = gallery.open_gallery(tmp_path / "location_model.onnx", points)
    assert found.counts.sum() == len(points)
    assert max(pieces) <= 2048
    assert found.embeddings.shape == (len(found.cells), 2)
    assert isinstance(found.embeddings, np.memmap)
    some = slice(None, None, 9999)
    assert found.embeddings[some] == pytest.approx(found.cells.places[some] / 180, abs=1e-6)


def test_the_same_place_is_the_same():
    """With the real weights."""
    embed = location_encoder(pip_folder() / "weights" / "location_encoder_weights.pth")
    tokyo, beside, nairobi = embed(
        np.array([(35.6586, 139.7454), (35.6586, 139.7455), (-1.2864, 36.8172)])
    )
    assert [np.linalg.norm(row) for row in (tokyo, beside, nairobi)] == pytest.approx([1] * 3)
    assert tokyo @ beside > 0.99
    assert tokyo @ nairobi < 0.3
