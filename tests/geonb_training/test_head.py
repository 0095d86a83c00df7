"""A head on a model's features: on drawn scenes of towns that mini never saw."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import geonb
from geonb.errors import CheckpointError, ModelError, TrainingError
from geonb.weights.fetching import clear
from geonb_lab.evaluation.photo_sets import read_photos
from geonb_training import features, fit_head
from geonb_training.scenes import write_towns
from support.geoclip_files import write_onnx_form, write_safetensors_form


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three hundred scenes of eight towns by twelve photographers."""
    folder = tmp_path_factory.mktemp("towns")
    write_towns(folder, 300, 12)
    return folder


@pytest.fixture(scope="module")
def head(folder, tmp_path_factory):
    return fit_head("mini", folder, tmp_path_factory.mktemp("models") / "ours", t1=40, t2=4)


def a_photo(folder):
    return next(iter(sorted(folder.rglob("*.jpg"))))


def test_it_beats_the_model_itself_and_the_constant_guess_by_more_than_luck(head):
    own, others = head.evaluation.scores[0], (head.backbone.scores[0], head.evaluation.scores[-1])
    for other in others:
        assert own.intervals[1][0] > other.intervals[1][1] + 20  # within 25 km, in points
    assert not [doubt for doubt in head.doubts if "not better than" in doubt]
    assert head.evaluation.constant_given


def test_more_photos_make_it_better(head):
    photos = [count for count, _ in head.curve]
    assert photos == [25, 50, 100, head.counts["photos to train on"]]
    assert head.curve[-1][1].shares[1] >= head.curve[0][1].shares[1]
    assert head.curve[-1][1].shares == pytest.approx(head.evaluation.scores[0].shares, abs=8)


def test_the_table_says_how_far_to_believe_it(head, tmp_path):
    text = repr(head)
    for words in ("this head", "mini itself", "constant guess", "12 photographers", "95%"):
        assert words in text
    assert [row["system"] for row in head.records()] == [
        "this head",
        "mini itself",
        "constant guess",
    ]
    assert sum(cell.photos for cell in head.cells) == head.counts["photos to train on"]
    assert all(1 <= cell.photographers <= cell.photos for cell in head.cells)
    assert f"with {head.curve[-1][0]}" in head.plot().alt
    facts = json.loads((head.folder / "facts.json").read_text())
    assert facts["doubts"] == list(head.doubts)
    assert len(facts["cells"]) == len(head.cells)
    assert facts["accuracy"][0]["within_25_km"] == head.evaluation.scores[0].shares[1]


@pytest.mark.parametrize("engine", ["reference", pytest.param("mxnet", marks=pytest.mark.mxnet)])
def test_every_engine_gives_the_same_answer(head, folder, engine):
    model = geonb.load_model(head.folder)
    assert (model.name, len(model.cells)) == ("ours", head.counts["cells"])
    assert {path.name for path in head.folder.iterdir()} == {
        "facts.json", "grids.txt", "head.json", "head.npz",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in head.folder.iterdir()) < 200_000  # no copy of mini
    photo = a_photo(folder)
    other = geonb.load_model(head.folder, engine)
    np.testing.assert_allclose(
        model.probabilities(photo), other.probabilities(photo), rtol=0, atol=1e-5
    )


def test_the_written_model_answers_as_it_was_measured(head, folder):
    model = geonb.load_model(head.folder)
    photos = read_photos(folder)
    truth = {
        tuple(place): photo
        for place, photo in zip(photos.truth.tolist(), photos.photos, strict=True)
    }
    tested = [truth[tuple(place)] for place in head.evaluation.truth.tolist()]
    best = model.cells.places[model.probabilities(tested).argmax(axis=1)]
    assert geonb.distance(best, head.evaluation.truth) == pytest.approx(
        head.evaluation.km, abs=1e-6
    )


def test_features_are_kept_though_the_model_is_cleared_meanwhile(
    folder, tmp_path, cache, monkeypatch
):
    def clear_and_open(files, opened=features.open_network):
        clear("mini")
        return opened(files)

    monkeypatch.setattr(features, "open_network", clear_and_open)
    photos, model = read_photos(folder).first(1), geonb.load_model("mini")
    features.read_features(model, model.files, photos)
    assert len(list(cache.glob("derived/mini/*-features-*/*.npy"))) == 1
    clear("mini")
    assert list((cache / "derived").iterdir()) == []


def some(folder, people):
    """The photos of these photographers, in the order of their names."""
    photos = read_photos(folder)
    names = sorted(set(photos.photographers))[:people]
    chosen = [i for i, name in enumerate(photos.photographers) if name in names]
    return replace(
        photos,
        photos=tuple(photos.photos[i] for i in chosen),
        truth=photos.truth[chosen],
        photographers=tuple(photos.photographers[i] for i in chosen),
    )


def test_one_photographer_gets_a_head_without_a_boast(head, folder, tmp_path):
    alone = fit_head("mini", some(folder, 1), tmp_path / "m", t1=10, t2=2)
    assert alone.evaluation is None
    assert alone.records() == []
    assert "No accuracy is given: all photos are by one photographer" in repr(alone)
    assert f"{len(alone.cells)} of {len(alone.cells)} cells are known by one" in repr(alone)
    assert "not measured" in alone.plot().alt
    assert geonb.load_model(alone.folder).name == "m"


def test_two_photographers_test_each_other_and_it_says_so(head, folder, tmp_path):
    two = fit_head("mini", some(folder, 2), tmp_path / "m", t1=10, t2=2)
    assert two.counts["photographers"] == 2
    assert two.counts["photos held out for the test"] == len(two.evaluation.km)
    assert "With two photographers" in repr(two)
    assert f"It was tested on {len(two.evaluation.km)} photos only" in repr(two)


def test_a_head_that_learned_nothing_is_doubted(head, folder, tmp_path):
    photos = read_photos(folder)
    shuffled = np.random.default_rng(0).permutation(len(photos))
    nonsense = replace(photos, truth=photos.truth[shuffled])
    result = fit_head("mini", nonsense, tmp_path / "m", t1=40, t2=4)
    assert (
        "It is not better than the constant guess by more than luck may explain." in result.doubts
    )


def test_photos_that_cannot_be_used_are_counted(head, folder, tmp_path):
    photos = read_photos(folder)
    shutil.copy(photos.photos[0], tmp_path / "copy.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    more = ("copy.jpg", "broken.jpg", "gone.jpg")
    with_others = replace(
        photos,
        photos=photos.photos + tuple(str(tmp_path / name) for name in more),
        truth=np.concatenate([photos.truth, photos.truth[:3]]),
        photographers=photos.photographers + photos.photographers[:3],
    )
    counts = fit_head("mini", with_others, tmp_path / "m", t1=40, t2=4).counts
    assert counts["photos that cannot be opened, left out"] == 2
    assert counts["photos that are copies of another, left out"] == 1


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"t1": 5000, "t2": 5}, TrainingError, "lie in one cell"),
        ({"model": "nothing"}, ModelError, "no model 'nothing'"),
    ],
)
def test_what_cannot_be_fitted_is_said(head, folder, tmp_path, change, error, words):
    call = {"model": "mini", "photos": folder, "folder": tmp_path / "m"} | change
    with pytest.raises(error, match=words):
        fit_head(**call)


def test_one_photo_fits_no_head(folder, tmp_path):
    with pytest.raises(TrainingError, match="too few to fit a head; take 25 or more"):
        fit_head("mini", read_photos(folder).first(1), tmp_path / "m")


def test_another_engine_has_no_features(folder, tmp_path):
    with pytest.raises(TrainingError, match="features come from the engine onnxruntime"):
        fit_head(geonb.load_model("mini", "reference"), folder, tmp_path / "m")


@pytest.mark.parametrize("missing", ["scipy.optimize", "threadpoolctl"])
def test_without_its_packages_the_error_comes_first(monkeypatch, tmp_path, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    package = missing.partition(".")[0]
    with pytest.raises(ImportError, match=rf'package {package}, .*pip install "geonb\[head\]"'):
        fit_head("mini", tmp_path / "nowhere", tmp_path / "m")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def copy(head, tmp_path):
    return shutil.copytree(head.folder, tmp_path / "copy")


def write_backbone(folder, **change):
    path = folder / "head.json"
    told = json.loads(path.read_text())
    told["backbone"] |= change
    path.write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"at": "disk", "path": "nowhere/m"},
            "network mini that it was fitted on is not at .*nowhere/m; fetch it",
        ),
        ({"digest": "0" * 33}, "network mini that it was fitted on is not at"),
        ({"at": "moon"}, "not a head as geonb writes it"),
    ],
)
def test_a_head_without_its_network_is_refused(copy, change, words):
    assert json.loads((copy / "head.json").read_text())["backbone"]["at"] == "geonb"
    write_backbone(copy, **change)
    with pytest.raises(CheckpointError, match=words):
        geonb.load_model(copy)


ONES = np.ones((3, 320), np.float32)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"weight": ONES[:, :7], "bias": ONES[:, 0]}, "for 7 features, .* has 320"),
        ({"weight": ONES * np.nan, "bias": ONES[:, 0]}, "not a head's weights"),
        ({"weight": ONES.astype(float), "bias": ONES[:, 0]}, "not a head's weights"),
        ({"weight": np.ones((3, 320))}, "not a head .*; fit it again"),
        ({"weight": np.array([object()]), "bias": np.ones(3)}, "not a head .*; fit it again"),
    ],
)
def test_a_broken_head_is_refused(copy, arrays, words):
    np.savez(copy / "head.npz", **arrays)
    with pytest.raises(CheckpointError, match=words):
        geonb.load_model(copy)


def test_a_head_that_stands_on_itself_is_refused(copy):
    write_backbone(copy, at="disk", path=str(copy.resolve()).lstrip("/"))
    with pytest.raises(CheckpointError, match="network mini that it was fitted on is not at"):
        geonb.load_model(copy)


@pytest.mark.parametrize("write", [write_onnx_form, write_safetensors_form])
def test_a_head_on_geoclip(head, folder, tmp_path, write):
    """A GeoCLIP with random weights: its embedding is a feature like any other."""
    write(tmp_path / "clip")
    clip = fit_head(tmp_path / "clip", some(folder, 4), tmp_path / "m", t1=30, t2=2)
    model = geonb.load_model(clip.folder)
    assert model.recipe == geonb.load_model(tmp_path / "clip").recipe
    itself = geonb.load_model(tmp_path / "clip").network
    assert model.network.folder == itself.folder, "one network on the disk"
    assert clip.backbone.name == "clip"
    photos = read_photos(folder)
    place = dict(zip(map(tuple, photos.truth.tolist()), photos.photos, strict=True))
    tested = [place[tuple(one)] for one in clip.evaluation.truth.tolist()]
    best = model.cells.places[model.probabilities(tested).argmax(axis=1)]
    assert geonb.distance(best, clip.evaluation.truth) == pytest.approx(
        clip.evaluation.km, abs=1e-6
    )
    with np.load(clip.folder / "head.npz") as arrays:
        assert arrays["weight"].shape == (len(model.cells), 512)


def test_fitting_imports_no_mxnet_and_no_torch():
    code = (
        "import sys, geonb_training.head; "
        "print([n for n in ('mxnet', 'torch', 'sklearn') if n in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
