"""GeoCLIP where memory is short: its int8 files within 2 GB, as on Binder; a million places."""

import os
import resource
import subprocess
import sys

import pytest

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
