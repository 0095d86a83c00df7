"""GeoCLIP where memory is short: its int8 files within 2 GB, as on Binder; a million places."""

import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from geonb.network import gallery
from support.geoclip_files import FULL_SIZE, clip_tensors, mlp_tensors, write_int8, write_vision

LIMIT = 2 << 30
LOCATE = """
import sys, geonb
model = geonb.load_model(sys.argv[1], precision="int8")
print(len(model.cells), geonb.predict(model, geonb.example_photo())[0].probability)
print(dict(line.split(":", 1) for line in open("/proc/self/status"))["VmHWM"])
"""


def within_limit():
    """All that is mapped counts, files too: a stricter limit than Binder's."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


@pytest.mark.newest
@pytest.mark.slow  # writes a vision model of 1.2 GB, makes it int8, and embeds 100,000 places
@pytest.mark.timeout(1800)
def test_int8_of_full_size_runs_within_two_gigabytes(tmp_path):
    """Its weights are random, the 94,123 places and their encoder the real ones, of pip."""
    size = {name: FULL_SIZE[name] for name in ("width", "layers", "patch", "inside")}
    vision = tmp_path / "onnx" / "vision_model.onnx"
    write_vision(vision, dict(clip_tensors(**size)), mlp_tensors(size["inside"]))
    write_int8(tmp_path)
    vision.unlink()
    command = [sys.executable, "-c", LOCATE, str(tmp_path)]
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=within_limit,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "2"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    places, probability = run.stdout.splitlines()[0].split()
    assert places == "94123"
    assert 0 < float(probability) <= 1


@pytest.mark.newest
@pytest.mark.slow  # sorts a million places into cells
@pytest.mark.timeout(900)
def test_a_gallery_of_a_million_places(tmp_path, cache, monkeypatch):
    """Embedding them takes minutes; what is around it must cope, a piece at a time."""
    pieces = []

    def encoder(_):
        def embed(places):
            pieces.append(len(places))
            return np.float32(places / 180)

        return embed

    monkeypatch.setattr(gallery, "location_encoder", encoder)
    (tmp_path / "location_model.onnx").write_bytes(b"an encoder")
    rng = np.random.default_rng(0)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 1_000_000)))
    points = np.stack([lat, rng.uniform(-180, 180, len(lat))], axis=1).round(4)
    found = gallery.open_gallery(tmp_path / "location_model.onnx", points)
    assert found.counts.sum() == len(points)
    assert max(pieces) <= 2048
    assert found.embeddings.shape == (len(found.cells), 2)
    assert isinstance(found.embeddings, np.memmap)
    some = slice(None, None, 9999)
    assert found.embeddings[some] == pytest.approx(found.cells.places[some] / 180, abs=1e-6)
