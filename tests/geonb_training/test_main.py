"""The commands of geonb_training, as a user runs them."""

import re
import subprocess
import sys
import tomllib

import pytest
from click.testing import CliRunner

from geonb.__main__ import main as geonb
from geonb_training.__main__ import main
from support import ROOT


def test_geonb_train_is_an_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["geonb.commands"]["train"] == "geonb_training.__main__:train"
    command = "from geonb.__main__ import main; main(['train', '--help'])"
    shown = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    ).stdout
    assert "Train on the photos of FOLDER" in shown


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ([], "a head in a minute, or a whole network"),
        (["train"], "If the training is killed, the same command goes on"),
        (["mini"], "It takes about 15 minutes"),
    ],
)
def test_the_module_runs_and_explains_its_commands(command, words):
    shown = subprocess.run(
        [sys.executable, "-m", "geonb_training", *command, "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert words in " ".join(shown.split())


def test_its_own_commands_fail_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["train", str(tmp_path / "nowhere"), str(tmp_path / "m")])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("geonb: ")


@pytest.mark.slow
@pytest.mark.mxnet
def test_the_command_tells_loss_validation_and_time_left(folder, tmp_path):
    sizes = ["--t1", "15", "--t2", "1", "--epochs", "1", "--batch", "8"]
    result = CliRunner().invoke(geonb, ["train", str(folder), str(tmp_path / "a"), *sizes])
    assert result.exit_code == 0, result.output
    line = r"epoch 1/1: loss \d+\.\d+, \d+\.\d% of validation within 200 km, 0\.0 minutes left"
    assert re.search(line, result.stdout)
    assert "a, first guess" in result.stdout
    assert f"The model lies in {tmp_path / 'a'}." in result.stdout


def test_the_command_s_help_shows_the_blog_s_sixteen_gpus():
    text = CliRunner().invoke(geonb, ["train", "--help"]).output
    assert "--network resnet101 --t1 5000 --t2 500" in text
    assert "--gpus 16 --batch 512 --kvstore device" in text


@pytest.mark.slow
@pytest.mark.mxnet
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--gpus", "-1"], "-1 is not in the range"),
        (["--kvstore", "nonsense"], "kvstore is one of local"),
        (["--kvstore", "dist_sync"], "launch.py"),
        (["--gpus", "8"], "MXNet sees"),
        (["--learning-rate", "nan"], "learning_rate is above 0, not nan"),
        (["--seed", "-5"], "seed is from 0"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_one_line(folder, tmp_path, options, words):
    sizes = ["--t1", "15", "--t2", "1", "--epochs", "1", "--batch", "8"]
    result = CliRunner().invoke(
        geonb, ["train", str(folder), str(tmp_path / "m"), *sizes, *options]
    )
    assert result.exit_code == 2
    assert words in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_the_command_fits_a_head_and_shows_it(folder, tmp_path):
    sizes = ["--on", "mini", "--t1", "15", "--t2", "1"]
    result = CliRunner().invoke(main, ["head", str(folder), str(tmp_path / "m"), *sizes])
    assert result.exit_code == 0, result.output
    assert "mini itself" in result.stdout
    assert f"The model is in {tmp_path / 'm'}." in result.stdout
