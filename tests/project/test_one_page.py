"""geonb in one page: short enough to be read at once, made of little, and right."""

import ast
import re

import pytest

from support import ROOT
from support.notebooks import BADGES, LESSONS, execute, read

PATH = ROOT / "notebooks" / "geonb_in_one_page.ipynb"
MADE_OF = {"json", "re", "struct", "numpy", "PIL"}


@pytest.fixture
def sources():
    """The page: all but the first cell, which installs geonb as every lesson's does."""
    return [cell.source for cell in read(PATH).cells if cell.cell_type == "code"][1:]


def test_it_can_be_launched_elsewhere():
    first, install, *_ = read(PATH).cells
    assert all(address.format(name=PATH.name) in first.source for address in BADGES)
    assert install.source == read(LESSONS[1]).cells[1].source.partition("\n\n")[0]


def test_it_is_at_most_eighty_lines_of_code(sources):
    assert sum(bool(line.strip()) for source in sources for line in source.splitlines()) <= 80
    assert max(len(line) for source in sources for line in source.splitlines()) <= 100


def test_it_is_numpy_and_pillow(sources):
    nodes = list(ast.walk(ast.parse("\n".join(sources))))
    imported = {alias.name for it in nodes if isinstance(it, ast.Import) for alias in it.names}
    imported |= {it.module for it in nodes if isinstance(it, ast.ImportFrom)}
    assert imported == MADE_OF


def test_geonb_only_brings_shows_and_checks(sources):
    *page, check = sources
    used = set(re.findall(r"geonb\.(\w+)", "\n".join(page)))
    assert used == {"fetch", "example_photo", "show_photo"}
    assert set(re.findall(r"geonb\.(\w+)", check)) == {"load_model", "predict"}
    assert isinstance(ast.parse(check).body[-1], ast.Assert)


def test_it_is_committed_clean():
    for cell in read(PATH).cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.newest
def test_it_runs_offline_and_says_what_geonb_says(tmp_path):
    shown = execute(read(PATH), tmp_path)
    assert "37%, 3 km off" in shown[-1].outputs[0].text
