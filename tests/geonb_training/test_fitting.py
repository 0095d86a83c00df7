"""The networks that can be trained, and how: without photos, cells or a whole training."""

import numpy as np
import pytest

from geonb.errors import TrainingError
from geonb.preprocessing import normalise
from geonb_training import fitting, mxnet_trainer
from geonb_training.fitting import Fitting
from geonb_training.mxnet_trainer import MxnetTrainer
from geonb_training.network import LOCATIONNET, NETWORKS, fresh, resnet


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "vgg"}, "network is one of mini, resnet50, resnet101, not 'vgg'"),
        ({"optimizer": "adam"}, "optimizer is sgd or adagrad, not 'adam'"),
        ({"batch": 7, "contexts": ("a", "b")}, "batch is equal shares for 2 devices, not 7"),
        ({"batch": 0}, "batch is .*, not 0"),
        ({"epochs": 0}, "epochs is 1 or more, not 0"),
        ({"contexts": ()}, r"contexts is a device or more, not \(\)"),
        ({"learning_rate": float("nan")}, "learning_rate is above 0, not nan"),
        ({"learning_rate": -0.1}, "learning_rate is above 0, not -0.1"),
        ({"weight_decay": -1.0}, "weight_decay is 0 or more, not -1.0"),
        ({"momentum": 1.0}, "momentum is from 0 to below 1, not 1.0"),
        ({"seed": -1}, "seed is from 0 to 4294967295, not -1"),
        ({"seed": 2**32}, "seed is from 0 to 4294967295"),
        ({"kvstore": "nonsense"}, "kvstore is one of local, device, .*, not 'nonsense'"),
        ({"loaders": -1}, "loaders is 0 or more, not -1"),
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
        mxnet_trainer.device(name)


@pytest.mark.mxnet
def test_several_machines_need_mxnets_launcher(monkeypatch):
    monkeypatch.delenv("DMLC_ROLE", raising=False)
    with pytest.raises(TrainingError, match=r"start the training on all of them by .*launch\.py"):
        mxnet_trainer.shared_store(Fitting(kvstore="dist_sync"))


def test_the_rate_warms_up_for_an_epoch_and_goes_down_to_nearly_nothing():
    rates = [fitting.rate(step, 5, Fitting(epochs=3)) for step in range(1, 16)]
    assert rates[:5] == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1])
    assert rates[9] == pytest.approx((0.1 + 0.0001) / 2)  # half-way down the cosine
    assert rates[-1] == pytest.approx(0.0001)


@pytest.mark.mxnet
@pytest.mark.slow
def test_the_blogs_network_takes_a_step():
    start = fresh(resnet(15_527, **LOCATIONNET), seed=0)
    assert start.arrays["fc1_weight"].shape == (15_527, 2048)
    # bn_data's gamma and the running means and variances are in the file, not learned
    learned = [a.size for name, a in start.arrays.items() if "_moving_" not in name]
    assert 74_300_000 < sum(learned) < 74_405_235
    trainer = MxnetTrainer(Fitting(network="resnet101", batch=2, epochs=1))
    trainer.begin(start, 1, 0, None)
    pixels = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3))
    data = normalise(pixels.astype(np.float32) / np.float32(255))
    loss = trainer.step(data, np.array([0, 15_526]))
    assert 5 < loss < 25  # near log(15,527) = 9.65 for a network that knows nothing
    assert (trainer.arrays()["fc1_weight"][:5] != start.arrays["fc1_weight"][:5]).any()
