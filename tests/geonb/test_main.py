"""The command line, as a user meets it: in a process of its own."""

import json
import re

import pytest
from PIL import Image

import geonb
from geonb.weights.registry import LOCATIONNET
from support.command import run_geonb
from support.networks import write_network


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a photo <b>.jpg"
    Image.effect_noise((320, 240), 60).convert("RGB").save(path)
    return path


def test_demo(tmp_path):
    run = run_geonb("demo", cwd=tmp_path)
    assert run.returncode == 0
    assert run.stderr.startswith("taking mini, because no model for real photos is here yet")
    assert len(run.stderr.splitlines()) == 1
    lines = run.stdout.splitlines()
    assert lines[0] == "photo example.jpg, model mini, engine onnxruntime"
    head = "rank place probability latitude longitude km to truth"
    assert lines[1].split() == head.split()
    assert [line.split()[0] for line in lines[2:7]] == ["1", "2", "3", "4", "5"]
    assert "street scenes only" in run.stdout
    with Image.open(tmp_path / "where.png") as picture:
        assert picture.width > 800
    page = (tmp_path / "where.html").read_text()
    assert page.count("data:image/") == 1  # the photo; the map is drawn in SVG
    assert "http" not in page.replace("http://www.w3.org", "")


def test_demo_takes_locationnet_where_it_is(tmp_path):
    own = write_network(tmp_path / "own")
    run = run_geonb("demo", cwd=tmp_path, GEONB_LOCATIONNET=own.prefix)
    assert run.returncode == 0
    assert run.stderr == ""
    assert "model locationnet" in run.stdout


def test_locate_prints_json(tmp_path, photo):
    files = write_network(tmp_path / "own")
    run = run_geonb(
        "locate", photo, photo, "--model", files.prefix, "--json", "--top", 3, cwd=tmp_path
    )
    assert run.returncode == 0
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == 2
    assert list(answers[0]) == [
        "photo",
        "model",
        "engine",
        "note",
        "warning",
        "within",
        "spread_km",
        "answer",
        "truth",
        "predictions",
    ]
    assert answers[0]["photo"] == str(photo)
    assert answers[0]["model"] == "tiny"
    assert [p["rank"] for p in answers[0]["predictions"]] == [1, 2, 3]
    keys = {"rank", "probability", "latitude", "longitude", "token", "place"}
    assert set(answers[0]["predictions"][0]) == keys


def test_json_says_what_has_to_be_said_and_how_far_off_the_answer_is(tmp_path):
    photo = tmp_path / "street.jpg"
    photo.write_bytes(geonb.example_photo().source)
    run = run_geonb("locate", photo, "--model", "mini", "--json", cwd=tmp_path)
    answer = json.loads(run.stdout)
    assert "drawn street scenes only" in answer["note"]
    truth, first = answer["truth"], answer["predictions"][0]
    assert truth["rank"] >= 1
    km = geonb.distance(
        (truth["latitude"], truth["longitude"]), (first["latitude"], first["longitude"])
    )
    assert truth["distances_km"][0] == pytest.approx(km)


def test_locate_in_int8_tells_its_cost_beside_the_answer(tmp_path, photo):
    files = write_network(tmp_path / "own")
    command = ["locate", photo, "--model", files.prefix, "--precision", "int8", "--json"]
    run = run_geonb(*command, cwd=tmp_path, GEONB_CACHE=tmp_path / "cache")
    assert run.returncode == 0
    assert json.loads(run.stdout)["model"] == "tiny"
    assert run.stderr.startswith("int8 against float32 on ")
    again = run_geonb(*command, cwd=tmp_path, GEONB_CACHE=tmp_path / "cache")
    assert (again.stdout, again.stderr) == (run.stdout, "")


def test_locate_draws_a_map_for_each_photo(tmp_path, photo):
    run = run_geonb("locate", photo, photo, "--model", "mini", "--map", "map.png", cwd=tmp_path)
    assert run.returncode == 0
    assert {path.name for path in tmp_path.glob("*.png")} == {"map-1.png", "map-2.png"}


def test_the_other_photos_go_on(tmp_path, photo):
    run = run_geonb("locate", "missing.jpg", photo, "--model", "mini", cwd=tmp_path)
    assert run.returncode == 2
    assert "missing.jpg" in run.stderr
    assert f"photo {photo}" in run.stdout


def test_locationnet_is_never_replaced(tmp_path, photo):
    nowhere = "http://127.0.0.1:9"  # a proxy that is not there: no mirror answers
    command = ["locate", photo, "--model", "locationnet"]
    run = run_geonb(*command, cwd=tmp_path, HTTPS_PROXY=nowhere, https_proxy=nowhere)
    assert run.returncode == 2
    assert "locationnet cannot be fetched; tried https://" in run.stderr
    files = {file for form in LOCATIONNET.forms for file in form}
    mirrors = {mirror for file in files for mirror in file.mirrors if "://" in mirror}
    assert all(run.stderr.count(mirror) == 1 for mirror in mirrors)
    assert run.stdout == ""


def test_a_photo_whose_name_begins_with_a_hyphen(tmp_path, photo):
    photo.rename(tmp_path / "-DSC001.jpg")
    run = run_geonb("locate", "-DSC001.jpg", "--model", "mini", cwd=tmp_path)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    run = run_geonb("locate", "--model", "mini", "--", "-DSC001.jpg", cwd=tmp_path)
    assert run.returncode == 0


def test_the_list_of_models(cache, tmp_path):
    answer = run_geonb("models")
    assert answer.returncode == 0
    assert re.search(r"locationnet +298 MB +not cached", answer.stdout)
    assert re.search(r"mini +comes with geonb", answer.stdout)
    assert "CC BY-SA 3.0" in answer.stdout
    assert "to cite: J. Choi and K. Li" in answer.stdout
    answer = run_geonb("models", GEONB_LOCATIONNET=tmp_path)
    assert f"your own files, named in GEONB_LOCATIONNET: {tmp_path}" in answer.stdout


def test_the_command_fetch(cache, tmp_path):
    answer = run_geonb("fetch", "mini")
    assert answer.returncode == 0
    assert "mini: comes with geonb" in answer.stdout
    answer = run_geonb("fetch", "--from", tmp_path)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert re.fullmatch(r"geonb: .*none of the files of locationnet .*\n", answer.stderr)


def test_fetch_says_where_the_model_is(cache, tmp_path):
    """Files of your own are not in the cache, and a folder that is not there is no model."""
    answer = run_geonb("fetch", "locationnet", GEONB_LOCATIONNET=tmp_path / "gone")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "GEONB_LOCATIONNET is " in answer.stderr
    assert "gone-symbol.json: no such file" in answer.stderr
    own = write_network(tmp_path / "own")
    answer = run_geonb("fetch", "locationnet", GEONB_LOCATIONNET=own.prefix)
    assert answer.returncode == 0
    assert f"your own files, named in GEONB_LOCATIONNET: {own.prefix}" in answer.stdout
    assert "cache" not in answer.stdout.replace(own.prefix, "")
    answer = run_geonb("fetch", "mini")
    assert "cache" not in answer.stdout
