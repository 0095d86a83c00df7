"""Stand in for GeoCLIP's host: its files in int8, of the same size, from a server on this machine.

The places are the real ones, from pip's ``geoclip``; the networks have random weights, so an
answer takes as long as a real one and means nothing.
"""

import csv
import hashlib
import json
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from geonb.network.geoclip import pip_folder

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from support.geoclip_files import FULL_SIZE, write_int8, write_onnx_form
from support.servers import Mirror, serve

LEADS_HERE = """
from dataclasses import replace

try:
    from geonb.weights.registry import REGISTRY
except ModuleNotFoundError:  # pip installs it later
    pass
else:
    geoclip = REGISTRY["geoclip"]
    REGISTRY["geoclip"] = replace(geoclip, int8=tuple(
        replace(file, mirrors=({url!r} + file.name,), sha256=file.sha256 and {sha256!r})
        for file in geoclip.int8
    ))
"""
"""What each Python under rehearsal runs first; the location encoder is the one with a SHA-256."""


@contextmanager
def hub():
    """Serve the files; gives the folder that leads a Python here, as a part of PYTHONPATH."""
    with tempfile.TemporaryDirectory(prefix="geonb-hub-") as folder:
        files = make(Path(folder) / "files")
        sha256 = hashlib.sha256(files["location_model.onnx"]).hexdigest()
        with serve(Mirror(files)) as mirror:
            script = LEADS_HERE.format(url=mirror.url, sha256=sha256)
            (Path(folder) / "sitecustomize.py").write_text(script)
            yield folder


def make(folder):
    """The three files by name."""
    with (pip_folder() / "gps_gallery" / "coordinates_100K.csv").open() as file:
        points = [(float(row["LAT"]), float(row["LON"])) for row in csv.DictReader(file)]
    write_onnx_form(folder, FULL_SIZE)
    (folder / "gps_gallery" / "coordinates_100K.json").write_text(json.dumps(points))
    write_int8(folder).replace(folder / "vision_model_quantized.onnx")
    (folder / "onnx" / "vision_model.onnx").unlink()
    return {path.name: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
