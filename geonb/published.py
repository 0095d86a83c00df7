"""LocationNet's answer for a photo of Tokyo Tower, as the blog printed it."""

import csv

from geonb.distances import Place
from geonb.photos.photo import Photo
from geonb.predictions import Prediction, Predictions
from geonb.shown.pictures import asset

SOURCE = (
    'J. Choi and K. Li, "Estimating the Location of Images Using MXNet and Multimedia Commons '
    'Dataset on AWS EC2", AWS blog, 2017'
)
TOKYO_TOWER: Place = (35.6586, 139.7454)


def published_answer() -> Predictions:
    """LocationNet's five guesses for a photo of Tokyo Tower, as the blog printed them in 2017.

    The truth is the tower: the first guess is 1.5 km off, the second 0.4 km. The photo is lost,
    and a grey picture stands in for it.
    """
    from PIL import Image, ImageDraw

    lost = Image.new("RGB", (320, 240), "#d5d8dc")
    ImageDraw.Draw(lost).text((112, 112), "the photo is lost", fill="#333333")
    rows = [[float(row[name]) for name in ("probability", "latitude", "longitude")]
            for row in csv.DictReader(asset("published_tokyo_tower.csv").splitlines())]  # fmt: skip
    best = (Prediction(rank, p, (lat, lng), "") for rank, (p, lat, lng) in enumerate(rows, start=1))
    photo = Photo("Tokyo Tower, 2017", lost, "A grey picture: the photo is lost.")
    note = f"LocationNet's answer as printed in {SOURCE}; LocationNet is CC BY-SA 3.0"
    return Predictions(tuple(best), photo, "LocationNet", "mxnet, 2017", note, TOKYO_TOWER)
