"""What every command shares: its options, its map, and how it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import geonb
from support.command import run_geonb
from support.networks import write_network

pytestmark = pytest.mark.newest  # beside MXNet, all of it is the same


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a photo <b>.jpg"
    Image.effect_noise((320, 240), 60).convert("RGB").save(path)
    return path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.jpg"], "missing.jpg: no such file"),
        (["empty.jpg"], "the file is empty"),
        (["text.jpg"], "not a picture"),
        (["cut.png"], "cut off or broken"),
        (["ftp://example.org/a.jpg"], "expected a path, or an address with http"),
        (["photo.jpg", "--model", "maxi"], "known names are locationnet, geoclip, mini"),
        (["photo.jpg", "--device", "cuda"], "needs a driver, and onnxruntime-gpu"),
        (["photo.jpg", "--engine", "mxnet", "--precision", "int8"], "float32 on the CPU only"),
        (["photo.jpg", "--top", "0"], "at least 1, not 0"),
        (["photo.jpg", "--map", "map.gif"], "a picture is saved as .png, .svg or .pdf"),
    ],
)
def test_every_failure_is_one_line_and_exit_code_2(tmp_path, photo, arguments, words):
    photo.rename(tmp_path / "photo.jpg")
    with Image.open(tmp_path / "photo.jpg") as picture:  # a cut JPEG opens, with a note
        picture.save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture at all")
    if "--model" not in arguments:
        arguments = [*arguments, "--model", "mini"]
    run = run_geonb("locate", *arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert words in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "map.gif").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_answer_that_finds_no_room_or_no_reader_ends_in_one_line(photo):
    program = [sys.executable, "-m", "geonb"]
    told = {"stderr": subprocess.PIPE, "text": True}
    for command in (["models"], ["--help"], ["locate", "--model", "mini", str(photo)]):
        with Path("/dev/full").open("w") as full:
            run = subprocess.run([*program, *command], stdout=full, check=False, **told)
        assert run.returncode == 2
        last = run.stderr.splitlines()[-1]
        assert last == "geonb: cannot write the answer to its end (No space left on device)"
        assert "Traceback" not in run.stderr
        assert "Exception ignored" not in run.stderr
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([*program, "models"], stdout=writer, check=False, **told)
    os.close(writer)
    assert run.returncode in {1, 2}
    assert len(run.stderr.splitlines()) <= 1
    assert "Exception ignored" not in run.stderr


@pytest.mark.parametrize("command", ["locate", "evaluate", "demo"])
def test_every_command_takes_the_model_that_load_model_would(tmp_path, photo, command):
    own = write_network(tmp_path / "own")
    (tmp_path / "set.csv").write_text(f"path,lat,lng\n{photo.name},10,20\n")
    arguments = {"locate": [photo], "evaluate": [tmp_path / "set.csv"], "demo": []}[command]
    outputs = {
        name: run_geonb(command, *arguments, cwd=tmp_path, **variables)
        for name, variables in {
            "mini": {},
            "locationnet": {"GEONB_LOCATIONNET": own.prefix},
            "tiny": {"GEONB_LOCATIONNET": own.prefix, "GEONB_MODEL": own.prefix},
        }.items()
    }
    for name, run in outputs.items():
        assert run.returncode == 0, run.stderr
        assert name in run.stdout.split("Note:")[0]
        assert ("taking mini, because" in run.stderr) == (name == "mini")


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "html"])
def test_locate_draws_a_map(tmp_path, photo, ending):
    run = run_geonb("locate", photo, "--model", "mini", "--map", f"map.{ending}", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    start = (tmp_path / f"map.{ending}").read_bytes()[:60]
    marks = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "html": b"<!doctype html>"}
    assert start.startswith(marks[ending])


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_output_of_any_encoding(tmp_path, encoding):
    name = "東京 ✓.jpg"
    (tmp_path / name).write_bytes(geonb.example_photo().source)
    run = run_geonb("locate", name, "--model", "mini", cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("photo ?? ?.jpg, model mini")
    for command in ((), ("locate",), ("evaluate",)):
        run = run_geonb(*command, "--help", cwd=tmp_path, PYTHONIOENCODING=encoding)
        assert (run.returncode, run.stderr) == (0, "")
        assert "Options:" in run.stdout
