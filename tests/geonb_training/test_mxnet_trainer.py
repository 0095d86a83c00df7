"""Training in MXNet: its devices, its launcher, a step of the blog's own network."""

import numpy as np
import pytest

from geonb.errors import TrainingError
from geonb.preprocessing import normalise
from geonb_training import mxnet_trainer
from geonb_training.fitting import Fitting
from geonb_training.mxnet_trainer import MxnetTrainer
from geonb_training.network import LOCATIONNET, fresh, resnet


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
