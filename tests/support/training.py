"""How the tests train a small network, whichever library trains it."""

from geonb_training.fitting import Fitting

FITTING = Fitting(epochs=3, batch=8, seed=1)
CELLS = {"t1": 15, "t2": 1}
