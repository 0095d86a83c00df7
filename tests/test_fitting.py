"""The networks that can be trained, and how: without photos, cells or a whole training."""

import numpy as np
import pytest

from geonb.errors import TrainingError
from geonb.preprocessing import normalise
from geonb_training import fitting
from geonb_training.fitting import Fitting
from geonb_training.network import LOCATIONNET, NETWORKS, import_mxnet, resnet


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "vgg"}, "no network 'vgg'; there are mini, resnet50, resnet101"),
        ({"optimizer": "adam"}, "optimizer is 'sgd' or 'adagrad'"),
        ({"batch": 7, "contexts": ("cpu(0)", "cpu(1)")}, "can't be shared equally by 2 devices"),
        ({"epochs": 0}, "got epochs=0, batch=32"),
        ({"contexts": ()}, r"a device, or more; got .*contexts=\(\)"),
        ({"learning_rate": float("nan")}, "learning_rate above 0 .* got nan and 0.0001"),
        ({"learning_rate": -0.1}, "learning_rate above 0 .* got -0.1"),
        ({"weight_decay": -1.0}, "weight_decay of 0 or more; got 0.1 and -1.0"),
        ({"momentum": 1.0}, "momentum from 0 to below 1; got 1.0"),
        ({"seed": -1}, "a seed from 0 to 4294967295; got -1"),
        ({"seed": 2**32}, "a seed from 0 to 4294967295"),
        ({"kvstore": "nonsense"}, "no kvstore 'nonsense'; there are local, device"),
    ],
)
def test_fittings_that_cannot_be(change, message):
    with pytest.raises(TrainingError, match=message):
        Fitting(**change)


def test_networks_go_from_mini_to_the_blogs():
    weighted = [1 + 3 * sum(network["units"]) + 1 for network in NETWORKS.values()]
    assert weighted == [17, 50, 101]


@pytest.mark.mxnet
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu(99)", r"no device gpu\(99\): MXNet sees \d+ GPUs here; .* or train on the CPU"),
        ("tpu(0)", r"no device 'tpu\(0\)'; expected cpu\(0\)"),
    ],
)
def test_devices_that_are_not_there(name, message):
    with pytest.raises(TrainingError, match=message):
        fitting._device(name)


@pytest.mark.mxnet
def test_several_machines_need_mxnets_launcher(monkeypatch):
    monkeypatch.delenv("DMLC_ROLE", raising=False)
    with pytest.raises(TrainingError, match=r"start the training on all of them by .*launch\.py"):
        fitting._store(Fitting(kvstore="dist_sync"))


@pytest.mark.mxnet
@pytest.mark.slow
def test_the_blogs_network_takes_a_step():
    mx = import_mxnet()
    symbol = resnet(15_527, **LOCATIONNET)
    arguments, outputs, _ = symbol.infer_shape(data=(2, 3, 224, 224))
    assert outputs == [(2, 15_527)]
    shapes = dict(zip(symbol.list_arguments(), arguments, strict=True))
    learned = {
        name: shape for name, shape in shapes.items() if name not in {"data", "softmax_label"}
    }
    assert shapes["fc1_weight"] == (15_527, 2048)
    # bn_data's gamma and the running means and variances are in the file, not learned here
    assert 74_300_000 < sum(int(np.prod(shape)) for shape in learned.values()) < 74_405_235
    module = fitting._module(15_527, 1, Fitting(network="resnet101", batch=2, epochs=1), None, None)
    before = module.get_params()[0]["fc1_weight"][:5].asnumpy()
    pixels = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3))
    data = normalise(pixels.astype(np.float32) / np.float32(255))
    loss = fitting._step(module, data, np.array([0, 15_526]))
    assert 5 < loss < 25  # near log(15,527) = 9.65 for a network that knows nothing
    assert (module.get_params()[0]["fc1_weight"][:5].asnumpy() != before).any()
    mx.nd.waitall()
