"""The slides of the first notebook: what is on the wall, what is in the notes, and no network."""

import importlib.util
import re

import nbformat
import pytest

from support import ROOT

MAKE = ROOT / "workshop" / "slides" / "make.py"


@pytest.fixture(scope="module")
def make():
    """The script that makes them."""
    pytest.importorskip("nbconvert", reason="needs nbconvert (the lab extra)")
    spec = importlib.util.spec_from_file_location("make_slides", MAKE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(make, tmp_path, monkeypatch):
    """The page, of cells that were not run, with stand-ins for reveal.js."""
    for name in ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"/* {name} */")
    monkeypatch.setattr(make, "REVEAL", tmp_path)
    return make.page(make.slides(nbformat.read(make.NOTEBOOK, as_version=4)))


def test_nothing_on_the_page_comes_from_elsewhere(page):
    assert not re.findall(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"(?!data:)", page)
    assert "/* dist/reveal.js */" in page
    assert "/* plugin/notes/notes.js */" in page


def test_the_answer_is_not_beside_the_question(page):
    on = [slide for slide in page.split("<section") if "Predict first" in slide]
    assert len(on) == 1
    assert "predict" not in re.sub(r"<[^>]+>", "", on[0]).replace("Predict first", "")


def test_solutions_and_what_to_say_are_in_the_notes_only(make, page):
    notes = "".join(re.findall(r"(?s)<aside class=\"notes\">(.*?)</aside>", page))
    wall = re.sub(r"(?s)<aside class=\"notes\">.*?</aside>", "", page)
    text = "".join(cell.source for cell in nbformat.read(make.NOTEBOOK, as_version=4).cells)
    (solution,) = re.findall(r"(?m)^[A-Z][a-z ]{20,}", make.SOLUTION.search(text)[1])[:1]
    assert solution in notes
    assert solution not in wall
    for heading, words in make.NOTES.items():
        assert f">{heading}<" in wall, f"a note for a slide that is not there: {heading}"
        assert words[:20] in notes


def test_pictures_of_the_notebook_stay(make, page):
    attachments = nbformat.read(make.NOTEBOOK, as_version=4).cells[0].attachments
    assert attachments
    for picture in attachments.values():
        assert picture["image/png"][:200] in page
