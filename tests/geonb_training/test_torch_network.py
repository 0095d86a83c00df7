"""PyTorch against MXNet: the same answers, the same loss and gradients, the same first step."""

import numpy as np
import pytest

import geonb
from geonb_training.fitting import Fitting
from support import TESTS
from support.mxnet_reference import beginning, mxnet_step
from support.networks import write_network

STORED = TESTS / "data" / "mxnet_step.npz"


@pytest.mark.mxnet
def test_the_stored_step_is_mxnets():
    stored, made = np.load(STORED), mxnet_step(*beginning())
    assert set(stored) == set(made)
    for name, array in made.items():
        np.testing.assert_allclose(array, stored[name], rtol=1e-4, atol=1e-5, err_msg=name)


def torch_step(start, data, labels):
    """The same as `mxnet_step`, by PyTorch."""
    import torch
    from torch.nn.functional import cross_entropy

    from geonb_training.torch_network import TorchNetwork
    from geonb_training.torch_trainer import TorchTrainer

    network = TorchNetwork(start).double().train()
    loss = cross_entropy(network(torch.tensor(data).double()), torch.tensor(labels))
    loss.backward()
    loss = loss.item()
    learned = {name: t for name, t in network.tensors().items() if t.grad is not None}
    made = {f"gradient:{name}": tensor.grad.numpy() for name, tensor in learned.items()}
    trainer = TorchTrainer(Fitting(batch=len(labels), epochs=1))
    trainer.begin(start, 10, 0, None)
    assert trainer.step(data, labels) == pytest.approx(loss, rel=1e-4)
    learned = {name: a for name, a in trainer.arrays().items() if "_moving_" not in name}
    made |= {f"after:{name}": array for name, array in learned.items()}
    return {"loss": loss, **made}


@pytest.mark.torch
def test_a_step_has_mxnets_loss_gradients_and_weights():
    stored, made = np.load(STORED), torch_step(*beginning())
    # Where gamma is fixed, MXNet has a gradient of 0, and torch none.
    assert set(stored) - set(made) == {"gradient:bn_data_gamma"}
    for name, array in made.items():
        scale = np.abs(stored[name]).max() if name.startswith("gradient:") else 0.1
        np.testing.assert_allclose(array, stored[name], rtol=1e-4, atol=1e-4 * scale, err_msg=name)


@pytest.mark.torch
@pytest.mark.parametrize("bottleneck", [False, True])
def test_a_checkpoint_answers_in_torch_as_everywhere(tmp_path, bottleneck):
    """Random weights: this is about the arithmetic."""
    import torch

    from geonb_training.torch_network import TorchNetwork

    files = write_network(tmp_path, bottleneck=bottleneck)
    for model in (geonb.load_model(tmp_path), geonb.load_model("mini")):
        data = geonb.preprocess([geonb.example_photo(), geonb.example_photo("cairo")])
        network = TorchNetwork(model.files.read()).eval()
        with torch.inference_mode():
            answer = network(torch.tensor(data)).softmax(dim=1).numpy()
        np.testing.assert_allclose(answer, model.run(data), atol=1e-5)
    assert files.symbol.is_file()
