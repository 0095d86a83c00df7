"""What MXNet makes of one step, to hold PyTorch against: loss and gradients by name.

``.venv-mxnet/bin/python tests/mxnet_reference.py tests/data/mxnet_step.npz`` makes the stored one
anew; with mini or resnet101 as a second word, the reference for that network.
"""

import sys
from pathlib import Path

import numpy as np

from geonb.preprocessing import RECIPE
from geonb_training.fitting import Fitting
from geonb_training.mxnet_trainer import MxnetTrainer
from geonb_training.network import NETWORKS, fresh, resnet
from geonb_training.writing import symbol_json

NARROW = {"units": (1, 1, 1, 1), "filters": (4, 8, 8, 16, 16)}
CLASSES = 5


def beginning(network="narrow", photos=4):
    """A network with fresh weights, and a batch that every NumPy draws alike."""
    start = fresh(resnet(CLASSES, **{"narrow": NARROW, **NETWORKS}[network]), seed=3)
    draw = np.random.default_rng(4)
    data = draw.uniform(-120, 130, (photos, 3, RECIPE.side, RECIPE.side)).astype(np.float32)
    return start, data, np.arange(photos) % CLASSES


def mxnet_step(start, data, labels):
    """The loss and its gradients by name, in double precision, and the weights after one step.

    In single precision a ReLU near 0 opens in one library and not in the other. BatchNorm's moving
    averages are left out: MXNet brings them up to date at some later time.
    """
    import mxnet as mx

    symbol = mx.sym.load_json(symbol_json(start.layers))
    types = {"data": "float64", "softmax_label": "float64"}
    bound = symbol.simple_bind(mx.cpu(), type_dict=types, data=data.shape)
    for arrays in (bound.arg_dict, bound.aux_dict):
        for name in arrays.keys() & start.arrays.keys():
            arrays[name][:] = start.arrays[name]
    outputs = bound.forward(is_train=True, data=data, softmax_label=labels)
    probability = outputs[0].asnumpy()[np.arange(len(labels)), labels]
    bound.backward()
    made = {
        f"gradient:{name}": bound.grad_dict[name].asnumpy() / len(labels)
        for name in start.arrays.keys() & bound.grad_dict.keys()
    }
    trainer = MxnetTrainer(Fitting(batch=len(labels), epochs=1))
    trainer.begin(start, 10, 0, None)
    trainer.step(data, labels)
    learned = {name: a for name, a in trainer.arrays().items() if "_moving_" not in name}
    made |= {f"after:{name}": array for name, array in learned.items()}
    return {"loss": -np.log(probability).mean(), **made}


if __name__ == "__main__":
    np.savez_compressed(Path(sys.argv[1]), **mxnet_step(*beginning(*sys.argv[2:])))
