"""Models of your own: a head for your places in a minute, or a whole network as LocationNet."""

from geonb_training.fitting import Fitting
from geonb_training.head import fit_head
from geonb_training.head_report import CellCount, Head
from geonb_training.leak import Leak, measure_leak
from geonb_training.mini import Settings, train_mini
from geonb_training.own_photos import Trained, train_photos
from geonb_training.partitions import partition

__all__ = [
    "CellCount",
    "Fitting",
    "Head",
    "Leak",
    "Settings",
    "Trained",
    "fit_head",
    "measure_leak",
    "partition",
    "train_mini",
    "train_photos",
]
