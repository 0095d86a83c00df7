"""Broken and hostile files: every reader reads or refuses them, soon and in little memory."""

import json
import subprocess
import sys

import pytest

from support import TESTS, fuzzing
from support.fuzz_targets import TARGETS

PICTURES, PROCESSES = 10_000, 2
CASES = 600
"""For each of the other readers; `make fuzz` goes on from there."""
LIMIT_S = 240
"""For a hang; the rule of two seconds a case is kept by the processes themselves."""


@pytest.mark.newest
@pytest.mark.slow
def test_hostile_pictures_give_predictions_or_a_photo_error():
    command = [sys.executable, "-W", "always", TESTS / "support/fuzzing.py", "photos"]
    runs = [
        subprocess.Popen(
            [*command, str(first), str(PROCESSES), str(PICTURES)],
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
    assert sum(tally["read"] + tally["refused"] for tally in tallies) == PICTURES
    assert sum(tally["read"] for tally in tallies) > 300, "most cases are not even pictures"


@pytest.mark.newest
@pytest.mark.parametrize("name", [name for name in TARGETS if name != "photos"])
def test_every_reader_reads_or_refuses(name, capfd):
    count = len(fuzzing.fixed(name)) + CASES
    tally = fuzzing.run(name, range(count))
    assert tally["read"] + tally["refused"] == count
    assert tuple(capfd.readouterr()) == ("", "")
    if name == "addresses":
        assert tally["read"] == 0, "no address of these is fetched"
    else:
        assert tally["read"] > 0, "some cases are still whole"


# Each would wait until somebody writes; the answer is the error's line.
PIPES = """
import os, sys
from pathlib import Path
import geonb, geonb_lab
from geonb_lab.many import finding, journal, labels
from geonb.network import gallery
from geonb.promise import read_promise

folder = Path(sys.argv[1])
for name in ("grids.txt", "promise.json", "a.csv", "a.txt", "a.jpg.xmp", ".b.csv.journal"):
    os.mkfifo(folder / name)
(folder / "a.jpg").touch()

def run():
    with journal.journal(folder / "b.csv", {}):
        pass

for read in (
    lambda: geonb.read_cells(folder / "grids.txt"),
    lambda: read_promise(folder, 5),
    lambda: gallery.read_points(folder / "a.csv"),
    lambda: geonb_lab.read_photos(folder / "a.csv"),
    lambda: finding.list_photos([str(folder / "a.txt")]),
    lambda: labels.write_label(labels.Label(folder / "a.jpg.xmp", {})),
    run,
):
    try:
        read()
    except geonb.GeonbError as error:
        print(error)
"""


def test_no_reader_waits_for_a_pipe(tmp_path):
    command = [sys.executable, "-c", PIPES, tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert run.stdout.count("a pipe or a device, not a file") == 5
    assert ".b.csv.journal: is there, and isn't a journal of geonb's" in run.stdout
    assert "a.csv: no such folder or CSV of photos" in run.stdout
    assert len(run.stdout.splitlines()) == 7


def test_what_breaks_a_rule_goes_into_the_corpus(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzzing, "CORPUS", tmp_path)
    monkeypatch.setitem(TARGETS, "cells", fuzzing.TARGETS["tables"])
    cases = fuzzing.Run("cells", tmp_path)
    cases.read = lambda data: 1 / 0
    with pytest.raises(AssertionError, match="cells, case 700, kept in"):
        cases.one(700)
    (kept,) = (tmp_path / "cells").iterdir()
    assert kept.read_bytes() == fuzzing.case("cells", 700)
