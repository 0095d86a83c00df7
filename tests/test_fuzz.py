"""Ten thousand broken and hostile pictures: predictions or a `PhotoError`, soon, small, silent."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CASES, PROCESSES = 10_000, 2
LIMIT_S = 240
"""For a hang; the rule of two seconds a case is kept by the processes themselves."""


@pytest.mark.newest
@pytest.mark.slow
def test_hostile_pictures_give_predictions_or_a_photo_error():
    script = Path(__file__).with_name("fuzzing.py")
    runs = [
        subprocess.Popen(
            [sys.executable, "-W", "always", script, str(first), str(PROCESSES), str(CASES)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for first in range(PROCESSES)
    ]
    try:
        printed = [run.communicate(timeout=LIMIT_S)[0] for run in runs]
    finally:
        for run in runs:
            run.kill()
    for run, text in zip(runs, printed, strict=True):
        assert run.returncode == 0, text[-3000:]
        assert len(text.splitlines()) == 1, f"something was printed:\n{text[:3000]}"
    tallies = [json.loads(text) for text in printed]
    assert sum(tally["predicted"] + tally["refused"] for tally in tallies) == CASES
    assert sum(tally["predicted"] for tally in tallies) > 300, "most cases are not even pictures"
