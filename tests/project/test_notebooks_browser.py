"""The notebooks as their readers see them: JupyterLab in Chromium, every cell, no network."""

import base64
import shutil
import time
from pathlib import Path

import pytest

from support import ARTEFACTS
from support.notebooks import NOTEBOOKS
from support.pictures import picture

pytestmark = [pytest.mark.newest, pytest.mark.slow]

_BROKEN = ("Error displaying widget", "model not found", "No version of module", "Loading widget")


@pytest.fixture
def open_lesson(open_notebook, jupyter):
    """Open a copy of a notebook of the tutorial in a tab."""

    def open_(path):
        # As high as the notebook is long, so that one picture shows all of it.
        return open_notebook(Path(shutil.copy(path, jupyter.root)), size=(1200, 7600))

    return open_


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_all_cells_run_and_show_what_they_should(path, open_lesson):
    tab = open_lesson(path)
    tab.run()
    tab.page.wait_for_function(
        "broken => !broken.some(text => document.body.innerText.includes(text))", arg=list(_BROKEN)
    )
    assert tab.page.locator(".jp-Dialog").count() == 0
    pictures = tab.page.locator(".jp-Notebook .jp-RenderedHTMLCommon img, .jp-RenderedMarkdown img")
    assert all(pictures.nth(i).get_attribute("alt") for i in range(pictures.count()))
    tab.screenshot(f"notebook-{path.stem}")


def test_an_upload_is_what_the_next_cells_locate(open_lesson, tmp_path):
    tab = open_lesson(NOTEBOOKS[4])
    tab.run()
    photo = tmp_path / "holiday.jpg"
    picture().save(photo)
    with tab.page.expect_file_chooser() as chooser:
        tab.page.get_by_role("button", name="Choose photos…").click()
    chooser.value.set_files(photo)
    tab.page.locator(".geonb-picked-state.here").wait_for()
    tab.page.locator(".jp-CodeCell").nth(3).click()
    tab.command("notebook:run-all-below")
    tab.output(5).get_by_text("photo holiday.jpg").wait_for()
    assert "from the picker" in tab.output(3).inner_text()
    tab.screenshot("notebook-04-upload")
    saved = tab.save()
    assert base64.b64encode(photo.read_bytes()).decode() not in saved
    assert tab.page.locator(".jp-Dialog").count() == 0


def test_the_first_answer_moves_soon_after_opening(open_lesson):
    """The wow of 00 within two minutes, of which the machine may take a quarter."""
    start = time.monotonic()
    tab = open_lesson(NOTEBOOKS[0])
    tab.run()  # all cells, so it's the most that a reader waits
    page = tab.page
    page.get_by_label("Predict first").uncheck()
    page.get_by_label("centre line").select_option("yellow")
    page.locator(".geonb-street-said").get_by_text("It moves: from Tokyo").wait_for()
    seconds = time.monotonic() - start
    words = f"{seconds:.1f} s from opening 00 to the first answer that moves"
    (ARTEFACTS / "first-answer.txt").write_text(f"{words}\n")
    assert seconds < 30, words
