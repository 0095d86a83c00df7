"""A LocationNet of your own: from your photos, or from drawn scenes as `mini` is made."""

from geonb_training.fitting import Fitting
from geonb_training.leak import Leak, measure_leak
from geonb_training.mini import Settings, train_mini
from geonb_training.own_photos import Trained, train_photos

__all__ = ["Fitting", "Leak", "Settings", "Trained", "measure_leak", "train_mini", "train_photos"]
