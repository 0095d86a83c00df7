"""How a network is fitted: what can be asked for, and how fast it learns when."""

import pytest

from geonb.errors import TrainingError
from geonb_training import fitting
from geonb_training.fitting import Fitting


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


def test_the_rate_warms_up_for_an_epoch_and_goes_down_to_nearly_nothing():
    rates = [fitting.rate(step, 5, Fitting(epochs=3)) for step in range(1, 16)]
    assert rates[:5] == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1])
    assert rates[9] == pytest.approx((0.1 + 0.0001) / 2)  # half-way down the cosine
    assert rates[-1] == pytest.approx(0.0001)
