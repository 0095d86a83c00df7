"""A photo that came through a picker or an upload isn't saved with the notebook."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import geonb
from support import saved_pictures

UPLOAD = {"name": "mine.jpg", "content": saved_pictures.marked_photo()}
SHOW = """
import sys
sys.path.insert(0, {tests!r})
import geonb
from support.saved_pictures import marked_photo
photo = geonb.open_photo({{"name": "mine.jpg", "content": marked_photo()}})
predictions = geonb.predict(geonb.load_model("mini"), photo)
geonb.show_map(predictions, provider={provider!r}{more})
"""


def test_an_upload_and_a_picked_photo_say_that_they_are():
    assert geonb.open_photo(UPLOAD).uploaded
    assert geonb.open_photo((UPLOAD,)).uploaded
    picker, about = geonb.PhotoPicker(), {"choice": 1, "id": "1"}
    start = {"type": "start", "name": "mine.jpg", "mime": "image/jpeg", "modified": 0, "parts": 1}
    picker.receive(picker, about | start, [memoryview(b"")])
    content = [memoryview(UPLOAD["content"])]
    picker.receive(picker, about | {"type": "part", "index": 0}, content)
    assert picker.photos[0].uploaded
    assert not geonb.open_photo(UPLOAD["content"]).uploaded


@pytest.mark.parametrize("provider", ["static", "leaflet", "google"])
def test_its_map_is_drawn_without_it_unless_it_is_asked_for(provider):
    predictions = geonb.predict(geonb.load_model("mini"), UPLOAD)
    for options, expected in (({}, 0), ({"photo": False}, 0), ({"photo": True}, 1)):
        drawn = geonb.show_map(predictions, provider=provider, **options)
        picture = drawn if provider == "static" else drawn.picture
        assert saved_pictures.count(picture._repr_html_()) == (1, expected)
        if provider != "static":
            state = drawn.children[1].photo if provider == "leaflet" else drawn.photo
            assert bool(state) == bool(expected)


@pytest.mark.slow
def test_no_picture_in_a_saved_notebook_shows_it(tmp_path):
    """As a notebook and as HTML; the last cell asks for it, so the test would see it."""
    tests = str(Path(saved_pictures.__file__).parents[1])
    providers = ("static", "leaflet", "google")
    cells = [SHOW.format(tests=tests, provider=p, more="") for p in providers]
    asked = SHOW.format(tests=tests, provider="static", more=", photo=True")
    for name, some, expected in (("without", cells, 0), ("with", [*cells, asked], 1)):
        path, executed = tmp_path / f"{name}-source.ipynb", tmp_path / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=list(map(new_code_cell, some))), path)
        convert = [sys.executable, "-m", "nbconvert", "--output-dir", tmp_path]
        subprocess.run(
            [*convert, "--execute", "--to", "notebook", "--output", executed.name, path], check=True
        )
        subprocess.run([*convert, "--to", "html", executed], check=True)
        for file in (executed, executed.with_suffix(".html")):
            found, with_photo = saved_pictures.count(file.read_text(encoding="utf-8"))
            assert found >= len(some)
            assert with_photo == expected, f"{file.name} shows the photo"
