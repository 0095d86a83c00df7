"""A model's promise: kept beside the model, told in words, and refused where it makes no sense."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

import geonb
from geonb.errors import ModelError, OutputError
from geonb.promise import Promise, read_promise
from support.networks import write_network

PROMISE = Promise(0.9, 0.8125, 1200, "streets", 40)


def test_a_promise_that_was_saved_comes_with_its_model(tmp_path):
    files = write_network(tmp_path / "own")
    assert geonb.load_model(files.prefix).promise is None
    PROMISE.save(files.folder)
    assert geonb.load_model(files.prefix).promise == PROMISE


def test_it_holds_for_no_model_of_another_number_of_places(tmp_path):
    PROMISE.save(tmp_path)
    assert read_promise(tmp_path, 40) == PROMISE
    assert read_promise(tmp_path, 41) is None


def test_it_says_what_it_promises():
    assert str(PROMISE) == (
        "to hold the true place of 90% of photos like streets, a region must hold 81.25% of the "
        "probability (learned on 1,200 photos)"
    )
    assert PROMISE.in_words.startswith("for 9 of 10 photos like streets, a region like this")
    assert replace(PROMISE, coverage=0.75).in_words.startswith("for 3 of 4 photos")
    named = replace(PROMISE, test_set="a\nb\x1b[2J")
    for text in (str(named), named.in_words):
        assert text.isprintable()


WHOLE = asdict(PROMISE)
BROKEN = {
    "cut off": json.dumps(WHOLE)[:30],
    "a list": "[]",
    "a number short": json.dumps({k: v for k, v in WHOLE.items() if k != "share"}),
    "one too many": json.dumps(WHOLE | {"more": 1}),
    "a share of 2": json.dumps(WHOLE | {"share": 2}),
    "a coverage of 1": json.dumps(WHOLE | {"coverage": 1}),
    "no photos": json.dumps(WHOLE | {"photos": 0}),
    "half a place": json.dumps(WHOLE | {"places": 40.5}),
    "no name": json.dumps(WHOLE | {"test_set": None}),
    "text for numbers": json.dumps(WHOLE | {"share": "0.8"}),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_is_no_promise_is_named(tmp_path, kind):
    (tmp_path / "promise.json").write_text(BROKEN[kind])
    with pytest.raises(ModelError, match=r"promise\.json: not a promise.*; remove the file"):
        read_promise(tmp_path, 40)


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "promise.json")
    with pytest.raises(ModelError, match=r"promise\.json: .*a pipe or a device"):
        read_promise(tmp_path, 40)


def test_where_it_cannot_be_written_one_line_says_so():
    with pytest.raises(OutputError, match=r"/proc/promise\.json: cannot write it"):
        PROMISE.save("/proc")


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        '{"coverage": 0.9, "share": 2, "photos": 1, "test_set": "", "places": 40}',
        '{"coverage": 0.9, "share": 0.5, "photos": 0, "test_set": "", "places": 40}',
        '{"coverage": 0.9, "share": 0.5, "photos": "x", "test_set": "", "places": 40}',
        '{"coverage": 0.9, "share": 0.5, "photos": null, "test_set": "", "places": 40}',
        '{"coverage": 0.9, "share": 0.5, "photos": 9, "test_set": 7, "places": 40}',
    ],
)
def test_a_broken_promise_is_named_when_the_model_is_loaded(tmp_path, broken):
    files = write_network(tmp_path / "own")
    (Path(files.prefix).parent / "promise.json").write_text(broken)
    with pytest.raises(ModelError, match=r"promise\.json: .*remove the file"):
        geonb.load_model(files.prefix)


def test_a_promise_that_cannot_be_stored(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"promise\.json: cannot write it \(\w"):
        Promise(0.9, 0.9, 10, "x", 4).save(tmp_path / "file")
