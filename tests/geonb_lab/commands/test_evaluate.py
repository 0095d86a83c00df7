"""``geonb evaluate`` with mini, as a user runs it."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import geonb
import geonb_lab
from geonb.__main__ import main
from geonb_lab.evaluation.photo_sets import read_photos
from geonb_training.scenes import shoot

pytestmark = pytest.mark.newest


def test_a_folder_gives_the_table_and_the_files(folder, tmp_path):
    table, plot = tmp_path / "result.csv", tmp_path / "result.png"
    command = [
        "evaluate",
        str(folder),
        "--model",
        "mini",
        "--output",
        str(table),
        "--output",
        str(plot),
    ]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "mini, first guess" in result.stdout
    assert "mini, best of 5" in result.stdout
    assert "constant guess" in result.stdout
    assert "no prediction" not in result.stdout, "where nothing is missing, nothing is said"
    assert "LocationNet" in result.stdout
    assert "knows drawn" in result.stdout  # mini says what it is
    assert "20/20" in result.stderr  # the progress bar
    assert table.read_text().startswith("system,test_set,photos,within_1_km")
    assert plot.read_bytes()[:4] == b"\x89PNG"


def test_ten_crops_are_measured_as_in_papers(folder, tmp_path):
    command = ["evaluate", str(folder), "--model", "mini", "--first", "6", "--ten-crops"]
    result = CliRunner().invoke(main, [*command, "--output", str(tmp_path / "by_command.csv")])
    assert "mini, ten crops" in result.stderr, "the progress bar"
    ten = geonb_lab.evaluate(geonb.load_model("mini"), read_photos(folder).first(6), crops=10)
    ten.save(tmp_path / "by_function.csv")
    assert (tmp_path / "by_command.csv").read_text() == (tmp_path / "by_function.csv").read_text()


def test_photos_that_cannot_be_opened_count_as_wrong(folder, tmp_path):
    lines = [
        f"{folder}/{i:02}.jpg,{shoot(i, 'test', 5).place[0]},{shoot(i, 'test', 5).place[1]}"
        for i in range(6)
    ]
    table = tmp_path / "photos.csv"
    table.write_text("\n".join(["path,lat,lng", *lines, "gone.jpg,1,2", f"{table},1,2"]))
    result = CliRunner().invoke(main, ["evaluate", str(table), "--model", "mini"])
    assert "2 of 8 photos have no prediction; they count as wrong." in result.stdout
    assert f"no prediction: {tmp_path}/gone.jpg: no such file" in result.stderr


def test_of_many_photos_that_cannot_be_opened_a_few_are_named(folder, tmp_path):
    lat, lng = shoot(0, "test", 5).place
    gone = [f"gone-{i}.jpg,1,2" for i in range(7)]
    table = tmp_path / "photos.csv"
    table.write_text("\n".join(["path,lat,lng", f"{folder}/00.jpg,{lat},{lng}", *gone]))
    result = CliRunner().invoke(main, ["evaluate", str(table), "--model", "mini"])
    assert result.stderr.count("no prediction: ") == 5
    assert "and 2 more\n" in result.stderr


def test_im2gps_from_a_local_copy(folder, tmp_path):
    rows = [(f"{i:02}.jpg", *shoot(i, "test", 5).place) for i in range(20)]
    truth = tmp_path / "places.csv"
    truth.write_text("IMG_ID,LAT,LON\n" + "".join(f"{n},{a},{b}\n" for n, a, b in rows))
    command = ["evaluate", str(folder), "--set", "im2gps", "--truth", str(truth)]
    result = CliRunner().invoke(main, [*command, "--model", "mini"])
    assert result.exit_code == 0, result.output
    assert "217 are missing from the 237" in result.stderr


def test_placing_2016_from_local_copies(folder, tmp_path):
    code = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
    (tmp_path / f"{code}.jpg").write_bytes((folder / "00.jpg").read_bytes())
    lat, lng = shoot(0, "test", 5).place
    truth = tmp_path / "truth"
    truth.write_text(f"1\t{lng}\t{lat}\tx\t{code}\n2\t1\t2\tx\t{code[::-1]}\n")
    command = ["evaluate", str(tmp_path), "--set", "placing2016", "--truth", str(truth)]
    result = CliRunner().invoke(main, [*command, "--model", "mini"])
    assert "1 of 2 photos have no prediction" in result.stdout
    assert "were measured on 1,500,000 photos, yours on 2" in result.stdout
    one = CliRunner().invoke(main, [*command, "--model", "mini", "--first", "1"])
    assert "no prediction" not in one.stdout


def test_the_model_is_loaded_as_the_options_say(folder, cache):
    command = ["evaluate", str(folder), "--model", "mini", "--first", "2"]
    result = CliRunner().invoke(main, [*command, "--precision", "int8"])
    assert "mini, first guess" in result.stdout
    assert "int8 against float32 on " in result.stderr
    result = CliRunner().invoke(main, [*command, "--device", "cuda"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "needs a driver, and onnxruntime-gpu" in result.stderr


def test_an_output_of_no_known_kind_is_refused_before_the_work(folder):
    command = ["evaluate", str(folder), "--model", "mini", "--output", "result.bad"]
    result = CliRunner().invoke(main, command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("geonb: result.bad: a result is saved as .csv")
    assert result.stderr.count("\n") == 1  # no progress bar


def test_a_promise_is_learned_stored_and_measured(folder, tmp_path):
    own = shutil.copytree(Path(geonb.__file__).parent / "data/mini", tmp_path / "own")
    (own / "promise.json").unlink(missing_ok=True)
    command = ["evaluate", str(folder), "--model", str(own)]
    before = CliRunner().invoke(main, command)
    assert "Regions" not in before.stdout
    learned = CliRunner().invoke(main, [*command, "--promise", "0.6"])
    assert learned.exit_code == 0, learned.output
    assert "stored with mini: to hold the true place of 60% of photos like scenes" in learned.stderr
    after = CliRunner().invoke(main, command).stdout
    assert "Regions promise to hold the true place of 60% of photos" in after
    assert "they hold that of" in after
    few = CliRunner().invoke(main, [*command, "--promise", "0.99"])
    assert (few.exit_code, few.stdout) == (2, "")
    assert "20 photos can't promise 99%; give at least 99" in few.stderr


def test_bad_calls_are_one_line(tmp_path):
    result = CliRunner().invoke(main, ["evaluate", str(tmp_path / "nowhere"), "--model", "mini"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert CliRunner().invoke(main, ["evaluate", "--set", "placing2016"]).exit_code == 2
    assert CliRunner().invoke(main, ["evaluate"]).exit_code == 2


def test_an_output_never_replaces_the_table_of_truths_or_a_file_of_yours(folder, tmp_path):
    lat, lng = shoot(0, "test", 5).place
    table = tmp_path / "t.csv"
    table.write_text(f"path,lat,lng\n{folder}/00.jpg,{lat},{lng}\n")
    (tmp_path / "mine.md").write_text("mine")
    command = ["evaluate", str(table), "--model", "mini", "--output"]
    for output in (table, folder / "00.jpg", tmp_path / "mine.md"):
        before = output.read_bytes()
        plain = CliRunner().invoke(main, [*command, str(output)])
        assert (plain.exit_code, plain.stdout, output.read_bytes()) == (2, "", before)
    forced = CliRunner().invoke(main, [*command, str(table), "--overwrite"])
    assert (forced.exit_code, "is an input" in forced.stderr) == (2, True)
    asked = CliRunner().invoke(main, [*command, str(tmp_path / "mine.md"), "--overwrite"])
    assert asked.exit_code == 0
    assert "| mini, first guess" in (tmp_path / "mine.md").read_text()
