"""Notebooks are cleaned of keys and of widget state, and nothing else of them is lost."""

import json
import os
import re
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import geonb_lab
from geonb.errors import MapError
from support.keyed_notebook import KEY, OWN, STATE, notebook

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


@pytest.mark.parametrize("key", [KEY, OWN])
def test_keys_and_widget_state_are_removed_and_the_notebook_stays_beside(tmp_path, key):
    path = notebook(tmp_path, key, kernelspec={"name": "python3"})
    path.chmod(0o640)
    before = path.read_bytes()
    cleaned = geonb_lab.clean_notebook(path)
    assert (cleaned.keys, cleaned.widgets) == (3, 2)
    assert repr(cleaned).startswith(f"{path}: removed an API key from 3 places, and the state of 2")
    after = json.loads(before)
    del after["metadata"]["widgets"]
    for i, line in enumerate(source := after["cells"][0]["source"]):
        source[i] = line.replace(key, "")
    assert path.read_text() == json.dumps(after, indent=1, ensure_ascii=False) + "\n"
    assert cleaned.backup.read_bytes() == before
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o640}
    again = geonb_lab.clean_notebook(path)
    assert (again.keys, again.widgets, again.backup) == (0, 0, None)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["map.ipynb", "map.ipynb.bak"]


def test_what_a_picker_printed_is_removed_without_any_key(tmp_path):
    """After "Clear outputs", the state of an Output widget still holds a photo's name and place."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": "home.jpg (35.1, 139.2)"}]
    models = {"m": {"model_module": "@jupyter-widgets/output", "state": {"outputs": outputs}}}
    path = notebook(tmp_path, widgets={STATE: {"state": models}})
    assert geonb_lab.clean_notebook(path).widgets == 1
    assert "home.jpg" not in path.read_text()


def test_no_backup_is_ever_overwritten(tmp_path):
    firsts = []
    for number in range(3):
        path = notebook(tmp_path, KEY, number=number)
        firsts.append(path.read_bytes())
        geonb_lab.clean_notebook(path)
    kept = [tmp_path / f"map.ipynb.bak{end}" for end in ("", "2", "3")]
    assert [path.read_bytes() for path in kept] == firsts


def test_a_link_stays_a_link(tmp_path):
    path = notebook(tmp_path, KEY)
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.ipynb"
    link.symlink_to(path)
    geonb_lab.clean_notebook(link)
    assert link.is_symlink()
    assert KEY not in path.read_text()


@pytest.mark.parametrize("key", ["x", "1", "cells", '"', "a key with spaces", "x" * 201, "é" * 20])
def test_a_key_that_cannot_be_one_is_refused_and_changes_nothing(tmp_path, monkeypatch, key):
    path = notebook(tmp_path, KEY)
    before = path.read_bytes()
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", key)
    with pytest.raises(
        MapError, match=r"GOOGLE_MAPS_API_KEY holds .* can't be an API key"
    ) as caught:
        geonb_lab.clean_notebook(path)
    assert f"{len(key)} characters" in str(caught.value)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["map.ipynb"]


def test_the_key_of_the_environment_is_removed_where_it_stands_alone(tmp_path, monkeypatch):
    path = tmp_path / "map.ipynb"
    text = ["internationalization!", "my internationalizations", "x_internationalization", KEY[:-1]]
    path.write_text(json.dumps({"cells": [{"outputs": [{"text": text}]}]}))
    assert geonb_lab.clean_notebook(path).keys == 0
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "internationalization")
    assert geonb_lab.clean_notebook(path).keys == 1
    assert json.loads(path.read_text())["cells"][0]["outputs"][0]["text"] == ["!", *text[1:]]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"metadata": 3}', '{"cells": {}}', "[" * 10**5, "9" * 9999, "\xff"]
)
def test_what_is_no_notebook_is_named_and_left_alone(tmp_path, text):
    path = tmp_path / "map.ipynb"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(MapError, match=r"map.ipynb: not a notebook"):
        geonb_lab.clean_notebook(path)
    assert path.read_text("latin-1") == text


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(MapError, match=r"none.ipynb: no such notebook file"):
        geonb_lab.clean_notebook(tmp_path / "none.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    with pytest.raises(MapError, match=r"pipe.ipynb: no such notebook file"):
        geonb_lab.clean_notebook(tmp_path / "pipe.ipynb")


@pytest.mark.parametrize("name", ["cells", "metadata", "x"])
def test_a_name_that_stands_twice_hides_no_key(tmp_path, name):
    """Of two equal names JSON's readers take the last: the first, with the key, stayed unseen."""
    path = tmp_path / "map.ipynb"
    hidden = json.dumps([{"source": KEY}]) if name == "cells" else json.dumps({"key": KEY})
    path.write_text(f'{{"{name}": {hidden}, "cells": [], "metadata": {{}}, "x": 1}}')
    before = path.read_bytes()
    with pytest.raises(MapError, match="a name stands twice"):
        geonb_lab.clean_notebook(path)
    assert path.read_bytes() == before


def test_other_names_of_the_file_and_jupyters_copy_are_told(tmp_path):
    path = notebook(tmp_path, KEY)
    (tmp_path / "same.ipynb").hardlink_to(path)
    copy = tmp_path / ".ipynb_checkpoints" / "map-checkpoint.ipynb"
    copy.parent.mkdir()
    copy.write_bytes(path.read_bytes())
    cleaned = geonb_lab.clean_notebook(path)
    assert f"{copy} may hold as much: remove it too" in repr(cleaned)
    assert "1 other names of the same file lead to it as it was before" in repr(cleaned)
    again = geonb_lab.clean_notebook(path)  # clean now, but Jupyter's copy isn't
    assert repr(again).endswith(f"no API keys and no widget state; {copy} may hold as much: remove "
                                "it too")  # fmt: skip
    copy.unlink()
    (tmp_path / "another.ipynb").hardlink_to(path)  # a clean notebook has nothing to hide
    assert geonb_lab.clean_notebook(path).elsewhere == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_keeps_the_notebook_and_its_backup(tmp_path):
    path = notebook(tmp_path, KEY)
    os.chown(path, 1234, 1235)
    path.chmod(0o600)
    cleaned = geonb_lab.clean_notebook(path)
    for file in (path, cleaned.backup):
        state = file.stat()
        assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (1234, 1235, 0o600)


def test_a_link_of_a_backups_name_is_left_alone(tmp_path):
    path = notebook(tmp_path, KEY)
    (tmp_path / "map.ipynb.bak").symlink_to(tmp_path / "nothing")
    assert geonb_lab.clean_notebook(path).backup.name == "map.ipynb.bak2"
    assert not (tmp_path / "nothing").exists()


def test_many_keys_take_no_longer_than_many_words(tmp_path):
    models = {
        str(i): {"state": {"api_key": f"key-of-somebody-{i:06}"}, "model_module": "x"}
        for i in range(32_000)
    }
    path = notebook(tmp_path, widgets={STATE: {"state": models}})
    start = time.process_time()
    assert geonb_lab.clean_notebook(path).keys == 32_000
    assert time.process_time() - start < 5


def with_cells(path, *sources):
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    path.write_text(json.dumps({"cells": cells, "metadata": {}}))
    return path


def test_a_mark_at_the_beginning_hides_no_key(tmp_path):
    path = notebook(tmp_path, KEY)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    before = path.read_bytes()
    cleaned = geonb_lab.clean_notebook(path)
    assert cleaned.keys == 3
    assert cleaned.backup.read_bytes() == before
    assert path.read_bytes()[:1] == b"{"  # as Jupyter writes it: it opens none with the mark
    copy = tmp_path / ".ipynb_checkpoints" / "map-checkpoint.ipynb"
    copy.parent.mkdir()
    copy.write_bytes(before)
    assert "may hold as much" in repr(geonb_lab.clean_notebook(path))


JOINTS = [
    '" "',
    '" + "',
    "' + f'",
    '"\n    "',
    '"  # the first half\n    "',
    '" + \\\n  rb"',
    '") + ("',
    '" "" "',
    '""" + """',
    "\\\n",
]


@given(
    st.dictionaries(st.integers(1, 38), st.sampled_from(JOINTS), max_size=3),
    st.text(max_size=9),
    st.text(max_size=9),
    st.booleans(),
)
def test_no_key_is_left_whatever_stands_around_it(cuts, before, after, whole):
    key = KEY
    for at, joint in sorted(cuts.items(), reverse=True):
        key = key[:at] + joint + key[at:]
    text = f'{before}\n"{key}"\n{after}'
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "map.ipynb")
        with_cells(path, text if whole else text.splitlines(keepends=True))
        assert geonb_lab.clean_notebook(path).keys == 1
        [cell] = json.loads(path.read_text(errors="surrogatepass"))["cells"]
    assert KEY not in re.sub("[^0-9A-Za-z_-]", "", "".join(cell["source"]))


@pytest.mark.parametrize("key", [KEY, OWN])
@pytest.mark.parametrize("joint", JOINTS)
def test_a_key_in_parts_that_python_joins_is_found(tmp_path, monkeypatch, key, joint):
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", OWN)
    parts = f"{key[:3]}{joint}{key[3:7]}{joint}{key[7:]}"
    text = f'before = 1\nkey = "{parts}"\nafter = "a" "b"\n'
    path = with_cells(tmp_path / "map.ipynb", text.splitlines(keepends=True), text)
    assert geonb_lab.clean_notebook(path).keys == 2
    rest = text.replace(parts, "")
    sources = [cell["source"] for cell in json.loads(path.read_text())["cells"]]
    assert sources == [rest.splitlines(keepends=True), rest]


def test_a_key_that_goes_on_in_the_next_line_of_a_list_is_found(tmp_path):
    path = with_cells(tmp_path / "map.ipynb", ["x = '" + KEY[:9], KEY[9:] + "'\n", "y = 1"])
    assert geonb_lab.clean_notebook(path).keys == 1
    assert json.loads(path.read_text())["cells"][0]["source"] == ["x = ''\n", "y = 1"]


def test_parts_that_are_no_key_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", OWN)
    text = f'["{OWN[:9]}", "{OWN[9:]}", "AIza", "{"y" * 35}"]\nx = "{OWN}" "s"\n' + "'a' + 'b'"
    path = with_cells(tmp_path / "map.ipynb", text)
    assert geonb_lab.clean_notebook(path).keys == 1  # the one that stands alone
    assert json.loads(path.read_text())["cells"][0]["source"] == text.replace(OWN, "")


@pytest.mark.parametrize(
    "text",
    ["a" * 10**6, "a" + "'" * 10**6, "a'" * 500_000, "a' " + "( " * 500_000, "a\\\n" * 10**5],
)
def test_a_long_text_takes_no_longer_than_it_is(tmp_path, text):
    path = with_cells(tmp_path / "map.ipynb", text)
    start = time.process_time()
    assert geonb_lab.clean_notebook(path).keys == 0
    assert time.process_time() - start < 3


def test_a_notebook_that_is_nested_deep_is_cleaned_or_refused(tmp_path):
    path = tmp_path / "map.ipynb"
    path.write_text('{"cells": [' + "[" * 700 + f'"{KEY}"' + "]" * 700 + '], "metadata": {}}')
    before = path.read_bytes()
    try:
        assert geonb_lab.clean_notebook(path).keys == 1
    except MapError as error:  # how deep Python goes depends on its release
        assert "not a notebook" in str(error)  # noqa: PT017
        assert path.read_bytes() == before
