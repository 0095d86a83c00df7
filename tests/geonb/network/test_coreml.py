"""LocationNet's other form: the same network, whatever file it lies in."""

import hashlib
import logging
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import geonb
from geonb.errors import CheckpointError, FetchError, MissingDependencyError, ModelError
from geonb.known import fetch
from geonb.network.coreml import CoremlFile
from geonb.network.opening import find_checkpoint
from geonb.preprocessing import RECIPE
from geonb.weights.registry import LOCATIONNET, WeightsFile
from support.coreml_writer import write_coreml
from support.networks import FULL_SIZE, write_network
from support.servers import Mirror, serve

PHOTO = Image.effect_noise((300, 240), 60).convert("RGB")


def both_forms(folder, **shape):
    """One network in both forms, each with its cells beside it."""
    files = write_network(folder / "mxnet", **shape)
    cells = files.folder / "grids.txt"
    target = folder / "coreml" / "net.mlmodel"
    target.parent.mkdir()
    write_coreml(files.read(), cells.read_text().splitlines(), target)
    (target.parent / "grids.txt").write_bytes(cells.read_bytes())
    (target.parent / "net-symbol.json").write_bytes(files.symbol.read_bytes())
    return files, target


def record(files, target):
    """The registry's record for this network, with nothing that can be fetched."""
    form = [
        WeightsFile(name, (str(path),), hashlib.md5(path.read_bytes()).hexdigest())
        for name, path in {
            "grids.txt": files.folder / "grids.txt",
            "net-symbol.json": files.symbol,
        }.items()
    ]
    return replace(LOCATIONNET, forms=((*form, WeightsFile(target.name)),))


def check(target, weights):
    """The user takes the file from his own disk; without a checksum, its content is compared."""
    assert fetch(weights, target).name == target.name


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    return both_forms(tmp_path_factory.mktemp("forms"), bottleneck=True)


@pytest.fixture
def edited(forms, tmp_path):
    """A copy of the Core ML file, changed by a function of its specification."""
    from coremltools.models.utils import load_spec, save_spec

    def edit(change):
        (tmp_path / "net-symbol.json").write_bytes(forms[0].symbol.read_bytes())
        spec = load_spec(str(forms[1]))
        change(spec)
        save_spec(spec, str(tmp_path / "net.mlmodel"))
        return tmp_path / "net.mlmodel"

    return edit


def assert_same_answers(files, target):
    first, second = geonb.load_model(files.prefix), geonb.load_model(target)
    assert second.recipe == first.recipe == RECIPE  # the mean is subtracted outside of both
    a, b = first.probabilities(PHOTO), second.probabilities(PHOTO)
    assert np.abs(a - b).max() <= 1e-5
    assert a.max() < 0.9


def test_both_forms_answer_alike(forms, cache):
    assert_same_answers(*forms)


@pytest.mark.newest
@pytest.mark.slow
def test_both_forms_of_a_full_size_network_answer_alike(tmp_path, cache):
    files, target = both_forms(tmp_path, **FULL_SIZE)
    (target.parent / "net-symbol.json").unlink()  # the one that comes with geonb is the same
    check(target, record(files, target))
    assert_same_answers(files, target)


def test_it_is_found_by_name_and_in_its_folder(forms):
    _, target = forms
    assert find_checkpoint(target) == find_checkpoint(target.parent) == CoremlFile(target)
    with pytest.raises(CheckpointError, match=r"gone\.mlmodel: no such file"):
        find_checkpoint(target.with_name("gone.mlmodel"))


def test_the_published_network_is_told_from_others(forms, edited, cache):
    files, target = forms
    check(target, record(files, target))

    def swap(spec):
        labels = spec.neuralNetworkClassifier.stringClassLabels.vector
        labels[0], labels[1] = labels[1], labels[0]

    with pytest.raises(FetchError, match="labels are not the cells"):
        check(edited(swap), record(files, target))


def rename(spec):
    spec.neuralNetworkClassifier.layers[0].name = "other"


def fewer_weights(spec):
    del spec.neuralNetworkClassifier.layers[2].convolution.weights.floatValue[-1]


def half_a_number(spec):
    weights = spec.neuralNetworkClassifier.layers[2].convolution.weights
    del weights.floatValue[:]
    weights.float16Value = b"abc"


def no_layers(spec):
    del spec.neuralNetworkClassifier.layers[:]


OTHER = {
    rename: "no array 'bn_data_gamma', which the network needs",
    fewer_weights: r"'conv0_weight' .* \(1175,\), the network needs floats of shape \(8, 3, 7, 7\)",
    no_layers: "no array 'bn_data_gamma'",
    half_a_number: "not a Core ML file, or cut off",
}


@pytest.mark.parametrize("change", OTHER)
def test_another_network_is_refused(forms, edited, cache, change):
    with pytest.raises(FetchError, match=OTHER[change]):
        check(edited(change), record(*forms))


def test_without_a_symbol_file_it_has_to_be_locationnet(edited, tmp_path):
    path = edited(lambda spec: None)
    (tmp_path / "net-symbol.json").unlink()
    with pytest.raises(
        CheckpointError,
        match=r"net\.mlmodel: 'conv0_weight' has float32 numbers of shape \(1176,\)",
    ):
        CoremlFile(path).read()


def mean_inside(spec):
    spec.neuralNetworkClassifier.preprocessing.add().scaler.redBias = -123.68


def mean_image(spec):
    spec.neuralNetworkClassifier.preprocessing.add().meanImage.meanImage.append(1)


def blue_first(spec):
    spec.description.input[0].type.imageType.colorSpace = 30


def no_classifier(spec):
    spec.neuralNetwork.layers.add()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (mean_inside, r"own preprocessing.*-123\.68"),
        (mean_image, "own preprocessing"),
        (blue_first, "takes no RGB image"),
        (no_classifier, r"holds a neuralNetwork, expected a neuralNetworkClassifier"),
    ],
)
def test_what_photos_would_have_to_be_is_named(edited, change, words):
    with pytest.raises(CheckpointError, match=words):
        CoremlFile(edited(change)).read()


def test_a_scaler_that_changes_nothing_is_none(forms, edited):
    def scale_by_one(spec):
        spec.neuralNetworkClassifier.preprocessing.add().scaler.channelScale = 1

    assert CoremlFile(edited(scale_by_one)).read().labels == CoremlFile(forms[1]).read().labels


def test_files_that_are_something_else(tmp_path, forms):
    path = tmp_path / "x.mlmodel"
    path.write_bytes(b"<html>404</html>")
    with pytest.raises(CheckpointError, match=r"x\.mlmodel: (not a Core ML file|holds a None)"):
        CoremlFile(path).read()
    path.write_bytes(forms[1].read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="not a Core ML file, or cut off"):
        CoremlFile(path).read()


def test_the_next_form_is_taken_where_the_first_is_gone(forms, cache):
    """MXNet's files answer 404; the Core ML file is taken, and the model runs."""
    files, target = forms
    have = {
        "grids.txt": (files.folder / "grids.txt").read_bytes(),
        "n.mlmodel": target.read_bytes(),
    }
    with serve(Mirror(have)) as mirror:
        cells = replace(record(files, target).forms[0][0], mirrors=(f"{mirror.url}grids.txt",))
        gone = WeightsFile("a-symbol.json", (f"{mirror.url}gone",), "0" * 32)
        here = WeightsFile("n.mlmodel", (f"{mirror.url}n.mlmodel",))
        symbol = record(files, target).forms[0][1]
        weights = replace(record(files, target), forms=((cells, gone), (cells, symbol, here)))
        place = fetch(weights)
        asked = len(mirror.requests)
        assert fetch(weights) == place == cache / "locationnet" / "n.mlmodel"
        assert len(mirror.requests) == asked
    assert_same_answers(files, place)


def test_coremltools_is_missing(forms, monkeypatch):
    monkeypatch.setitem(sys.modules, "coremltools.models.utils", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "geonb\[coreml\]"'):
        CoremlFile(forms[1]).read()


def test_mxnet_reads_its_own_files_only(forms, cache):
    with pytest.raises(ModelError, match=r"net\.mlmodel: the engine mxnet reads MXNet's own"):
        geonb.load_model(forms[1], engine="mxnet")


def test_reading_is_quiet(forms, caplog, capfd):
    level = logging.getLogger("coremltools").level
    for name in [name for name in sys.modules if name.startswith("coremltools")]:
        del sys.modules[name]
    CoremlFile(forms[1]).read()
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert logging.getLogger("coremltools").level == level
