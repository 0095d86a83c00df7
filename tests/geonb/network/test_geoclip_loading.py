"""``load_model("geoclip")``: from a folder of one's own, from pip's files, and what it says."""

import json
import shutil

import numpy as np
import pytest

import geonb
import geonb_lab
from geonb.errors import CheckpointError, FetchError, ModelError
from support.geoclip_files import make_points, write_int8, write_onnx_form, write_safetensors_form


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_onnx_form(tmp_path_factory.mktemp("own") / "mine")


@pytest.fixture
def own(folder, monkeypatch):
    monkeypatch.setenv("GEONB_GEOCLIP", str(folder))
    return geonb.load_model("geoclip")


def test_a_folder_of_your_own(own, folder):
    assert str(folder) in repr(own)
    assert f"{len(np.unique(make_points(), axis=0))} places" in repr(own)
    assert own.recipe.resize == "bicubic"
    predictions = geonb.predict(own, geonb.example_photo())
    assert len(predictions) == 5
    assert "CLIP" in repr(predictions)
    assert predictions[0].token in own.cells.tokens
    assert predictions.truth_cell.cells == len(own.cells)


def test_it_is_a_folder_like_any_other(own, folder):
    by_path = geonb.load_model(folder)
    assert by_path.name == "mine"
    assert by_path.weights is None
    photo = geonb.example_photo()
    assert geonb.predict(by_path, photo).best == geonb.predict(own, photo).best


@pytest.mark.usefixtures("own")
def test_it_goes_before_mini():
    model = geonb.load_model()
    assert model.name == "geoclip"
    assert model.why == "GeoCLIP is on this machine"


def test_everything_takes_it(own, tmp_path):
    photo = geonb.example_photo()
    result = geonb_lab.evaluate([geonb.predict(own, photo)] * 3, [photo.place] * 3)
    raw = own.cells.place(int(own.probabilities(photo)[0].argmax()))
    assert result.km == pytest.approx([geonb.distance(raw, photo.place)] * 3)
    occlusion = geonb_lab.occlude(own, photo, patch=112, stride=56)
    assert occlusion.figure()
    heat = geonb_lab.show_heatmap(own, photo, provider="static")
    heat.save(tmp_path / "heat.png")
    assert (tmp_path / "heat.png").stat().st_size > 10_000


@pytest.mark.parametrize("engine", ["mxnet", "reference"])
@pytest.mark.usefixtures("own")
def test_one_engine_runs_it(engine):
    with pytest.raises(ModelError, match=f"the engine onnxruntime only, not on {engine}"):
        geonb.load_model("geoclip", engine=engine)


def test_the_safetensors_form_through_the_same_door(tmp_path):
    model = geonb.load_model(write_safetensors_form(tmp_path / "clip"))
    assert len(geonb.predict(model, geonb.example_photo())) == 5


def test_a_gallery_of_your_own(folder, tmp_path):
    stops = [(48.8566, 2.3522), (51.5074, -0.1278), (41.9, 12.5)]
    (tmp_path / "trip.csv").write_text("lat,lng\n" + "".join(f"{a},{b}\n" for a, b in stops))
    models = [geonb.load_model(folder, gallery=g) for g in (stops, tmp_path / "trip.csv")]
    first, second = (geonb.predict(model, geonb.example_photo()) for model in models)
    assert first.best == second.best
    assert set(first.places) == set(stops)
    assert sum(p.probability for p in first) == pytest.approx(1)


def test_only_geoclip_has_a_gallery(tmp_path):
    others = [tmp_path / "own.onnx", tmp_path / "net.mlmodel"]
    for path in others:
        path.touch()
    for model in ("mini", *others):
        with pytest.raises(ModelError, match="is for GeoCLIP only; leave it out"):
            geonb.load_model(model, gallery=[(0, 0), (1, 1)])


def test_a_changed_model_is_derived_anew(folder, cache, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    photo = geonb.example_photo()
    before = geonb.predict(geonb.load_model(tmp_path / "copy"), photo)
    write_onnx_form(tmp_path / "other", seed=9)
    shutil.copy(tmp_path / "other" / "onnx" / "vision_model.onnx", tmp_path / "copy" / "onnx")
    after = geonb.predict(geonb.load_model(tmp_path / "copy"), photo)
    assert before.best != after.best


@pytest.mark.filterwarnings("ignore")
def test_int8_is_the_publishers_file(folder, tmp_path):
    both = tmp_path / "both"
    shutil.copytree(folder, both)
    write_int8(both)
    photo = geonb.example_photo()
    exact = geonb.load_model(both).probabilities(photo)[0]
    (both / "onnx" / "vision_model.onnx").unlink()
    model = geonb.load_model(both, precision="int8")
    small = model.probabilities(photo)[0]
    assert np.corrcoef(exact, small)[0, 1] > 0.9
    assert np.abs(exact - small).max() > 0
    assert "has not been measured" in repr(model)
    with pytest.raises(CheckpointError, match=r"vision_model\.onnx or model\.safetensors"):
        geonb.load_model(both)


def test_int8_without_its_file(folder):
    with pytest.raises(CheckpointError, match=r"expected vision_model_quantized\.onnx or"):
        geonb.load_model(folder, precision="int8")


@pytest.mark.parametrize("missing", ["location_model.onnx", "coordinates_100K.json"])
def test_a_file_that_is_missing(missing, folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path / "copy")
    next((tmp_path / "copy").rglob(missing)).unlink()
    monkeypatch.setattr("geonb.network.geoclip.find_spec", lambda _: None)  # as if pip had none
    monkeypatch.setenv("GEONB_GEOCLIP", str(tmp_path / "copy"))
    with pytest.raises(FetchError, match=rf"GEONB_GEOCLIP is .*{missing}"):
        geonb.load_model("geoclip")


def test_the_weights_are_mapped(own):
    """What is in memory of its own is small, however large the file: prepacking would copy it."""
    folder = own.network.folder
    assert (folder / "model.data").stat().st_size > 100 * (folder / "model.onnx").stat().st_size
    assert isinstance(own.network.last.weight, np.memmap)


def test_the_command_line(folder, tmp_path):
    from click.testing import CliRunner

    from geonb.__main__ import main

    geonb.example_photo().image().save(tmp_path / "a.png")
    run = CliRunner().invoke(
        main,
        ["locate", str(tmp_path / "a.png"), "--model", str(folder), "--json", "--within=US"],
        catch_exceptions=False,
    )
    found = json.loads(run.stdout)
    assert found["within"] == "United States (by the nearest town)"
    assert {p["place"]["country"] for p in found["predictions"]} == {"United States"}
    run = CliRunner().invoke(main, ["models"], catch_exceptions=False)
    assert "geoclip" in run.output
    assert "1,260 MB" in run.output
