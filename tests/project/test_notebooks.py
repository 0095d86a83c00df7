"""Every lesson has the shape that readers rely on, and runs from top to bottom, offline."""

import ast
import base64
import importlib
import io
import re
import statistics
import sys

import nbformat
import pytest
from PIL import Image

from support.notebooks import BADGES, LESSONS, execute, read

SOLUTION = re.compile(
    r"<details>\n<summary>Solution</summary>\n\n```python\n(.*?)```\n.*</details>", re.DOTALL
)
NOT_WORDS = re.compile(r"```.*?```|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|<[^>]+>", re.DOTALL)
"""Code, pictures, addresses and tags."""
CUT_OFF = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    assert "the network is cut" in str(error)
"""
PEAK = """
import re
print(1.024e-3 * int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]))
"""
"""The most memory that the kernel had, in megabytes; Linux only."""

PACKAGES = {"geonb", "geonb_lab", "geonb_training"}
SEEN = {"text/html", "application/vnd.jupyter.widget-view+json"}
"""What a table, a picture or a live map comes as."""
IMAGE = re.compile(r"<img\b[^>]*>")
WORDS = re.compile(r'\balt="\s*[^"\s]')
LINK = re.compile(r"\]\(([^)\s]+)\)")
TOKYO_TOWER = (
    "https://upload.wikimedia.org/wikipedia/commons/3/37/TaroTokyo20110213-TokyoTower-01.jpg"
)

pytestmark = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def code(notebook):
    """The sources of the code cells, without those that are left empty for the reader."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell.source]


def words(cell):
    """How many words a text cell has for its reader."""
    return len(re.findall(r"\w[\w'.,-]*", NOT_WORDS.sub(" ", cell.source)))


def with_solutions(notebook):
    """The notebook with each solution in the empty cell above it, as a learner would fill it in."""
    for empty, text in zip(notebook.cells, notebook.cells[1:], strict=False):
        if solution := SOLUTION.fullmatch(text.source):
            assert (empty.cell_type, empty.source) == ("code", "")
            empty.source = solution[1]
    return notebook


def without_magics(source):
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def is_public(module, name):
    """Whether geonb's contract holds it: the package's own, or that of a module which has one."""
    return name in getattr(importlib.import_module(module), "__all__", ())


def test_it_opens_with_a_title_and_what_to_expect(path):
    notebook = read(path)
    first = notebook.cells[0].source
    assert first.startswith("# ")
    assert "?" in first.splitlines()[0], "the title asks the notebook's question"
    assert len(re.findall(r"^# ", prose(notebook), re.MULTILINE)) == 1
    assert re.search(r"\*\*You will\*\*", first)
    assert re.search(r"\d+ minutes", first)
    assert re.search(r"\d+ MB", first)


def test_it_opens_with_a_picture(path):
    first = read(path).cells[0]
    [(words, name)] = re.findall(r"!\[([^\]]{60,})\]\(attachment:([^)]+)\)", first.source)
    assert first.source.index(words) < first.source.index("**You will**")
    data = base64.b64decode(first.attachments[name]["image/png"])
    assert len(data) < 100_000
    assert Image.open(io.BytesIO(data)).width >= 800


def test_it_teaches(path):
    text = prose(read(path))
    for part in ("## Predict first", "## Exercise", "## What can go wrong", "## Key points"):
        assert part in text
    objectives = re.search(r"\*\*You will\*\* \| (.*) \|", text).group(1).split(";")
    points = text.partition("## Key points")[2].partition("\n\n**")[0].count("\n- ")
    assert points >= len(objectives), "what was promised is what is summed up"


def test_an_exercise_is_a_question_an_empty_cell_and_a_hidden_solution(path):
    cells = read(path).cells
    for index, cell in enumerate(cells):
        if "## Exercise" in cell.source:
            assert cell.source.startswith("## Exercise: ")
            empty, solution = cells[index + 1 : index + 3]
            assert (empty.cell_type, empty.source) == ("code", "")
            assert SOLUTION.fullmatch(solution.source)
            assert words(cell) <= 60


def test_it_is_read_in_small_bites(path):
    counts = [words(cell) for cell in read(path).cells if cell.cell_type == "markdown"]
    assert statistics.median(counts) <= 45
    assert max(counts) <= 180


def test_it_leads_on(path):
    text = prose(read(path))
    index = LESSONS.index(path)
    last = text.rpartition("## Key points")[2]
    for neighbour in LESSONS[max(index - 1, 0) : index + 2]:
        if neighbour != path:
            assert f"({neighbour.name})" in last
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("attachment:"):
            assert (path.parent / target).is_file(), target


def test_it_can_be_launched_elsewhere(path):
    first = read(path).cells[0]
    for address in BADGES:
        assert address.format(name=path.name) in first.source
    assert "except ModuleNotFoundError:" in code(read(path))[0]
    assert '%pip install --quiet "geonb[colab] @ git+' in code(read(path))[0]


def test_the_example_of_the_blog_is_there(path):
    if path.stem.startswith(("00", "02")):
        assert TOKYO_TOWER in prose(read(path))


def test_it_is_committed_clean(path):
    notebook = read(path)
    assert "widgets" not in notebook.metadata
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_cells_are_short(path):
    assert max(len(source.splitlines()) for source in code(read(path))) <= 15


def test_pictures_have_words(path):
    text = prose(read(path))
    assert not re.findall(r"!\[\s*\]", text)
    assert all("alt=" in tag for tag in re.findall(r"<img[^>]*>", text))


def test_only_public_names_are_used(path):
    for source in code(read(path)):
        for node in ast.walk(ast.parse(without_magics(source))):
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in PACKAGES:
                assert is_public(node.value.id, node.attr)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("geonb"):
                for alias in node.names:
                    assert is_public(node.module, alias.name), f"{node.module}.{alias.name}"


@pytest.mark.slow
@pytest.mark.newest
def test_it_runs_offline_with_its_solutions(path, tmp_path):
    lesson = read(path)
    cells = len(code(lesson))
    own = {cell.id for cell in lesson.cells if cell.source}
    notebook = with_solutions(lesson)
    notebook.cells.append(nbformat.v4.new_code_cell(CUT_OFF))
    on_linux = sys.platform == "linux"
    notebook.cells += [nbformat.v4.new_code_cell(PEAK)] if on_linux else []
    shown = execute(notebook, tmp_path)
    if on_linux:
        check_memory(lesson, float(shown[-1].outputs[0].text))
    assert list(pictures_without_words(shown)) == []
    shown = [cell for cell in shown if cell.id in own]
    assert len(shown) >= 0.7 * cells, "cells show what they did"
    seen = sum(any(SEEN & {*output.get("data", {})} for output in cell.outputs) for cell in shown)
    assert seen >= 0.45 * cells, "a picture or a table after nearly every second code cell"


def check_memory(lesson, peak):
    """What the first cell states is within 20% of the megabytes that the kernel had."""
    (row,) = re.findall(r"\| \*\*Time, download, memory\*\* \|(.*)\|", lesson.cells[0].source)
    stated = int(re.findall(r"(\d+) MB", re.sub(r"\(.*?\)", "", row))[-1])
    assert peak <= 1.2 * stated
    if "GEONB_QUICK" not in str(code(lesson)):  # else it is smaller here than for a reader
        assert peak >= 0.8 * stated


def pictures_without_words(cells):
    """The cells whose outputs hold a picture that says nothing to people who can't see it."""
    for cell in cells:
        for output in cell.outputs:
            data, about = output.get("data", {}), output.get("metadata", {})
            html = data.get("text/html")
            pictures = [kind for kind in data if kind.startswith("image/")]
            if html is None and not all(about.get(kind, {}).get("alt") for kind in pictures):
                yield f"{cell.source}: a picture without words"
            if not all(WORDS.search(image) for image in IMAGE.findall(html or "")):
                yield f"{cell.source}: an <img> without alt text"
