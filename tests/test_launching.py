"""What people launch geonb with: scripts, workflows, the pages around the notebooks."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from browser import chromium_browser

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "workshop").glob("*.md")]
LIFECYCLE = ROOT / "sagemaker" / "on-start.sh"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_links_lead_somewhere_and_pictures_have_words(page):
    text = page.read_text()
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert targets or page.stem == "responsible-use"
    for target in targets:
        if "://" not in target:
            assert (page.parent / target.partition("#")[0]).exists(), target
    assert not re.findall(r"!\[\s*\]", text)


def test_the_picture_of_the_result_is_small():
    assert "(docs/where.png)" in (ROOT / "README.md").read_text()
    assert (ROOT / "docs" / "where.png").stat().st_size < 150_000


def test_the_lifecycle_script_fits_sagemaker():
    assert LIFECYCLE.stat().st_size < 16_384
    assert subprocess.run(["bash", "-n", LIFECYCLE], check=False).returncode == 0
    text = LIFECYCLE.read_text()
    assert re.search(r"^nohup .* &$", text, re.MULTILINE), "SageMaker waits 5 minutes at most"
    assert "VOLUME=/home/ec2-user/SageMaker\n" in text


def test_actions_are_pinned():
    used = [
        line
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert used
    for line in used:
        assert re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d", line), line


@pytest.mark.newest
def test_the_cheat_sheet_prints_on_one_page():
    with chromium_browser() as browser:
        page = browser.new_page()
        page.goto((ROOT / "docs" / "cheat-sheet.html").as_uri())
        printed = page.pdf(prefer_css_page_size=True)
    assert re.findall(rb"/Count (\d+)", printed) == [b"1"]


@pytest.mark.newest
@pytest.mark.parametrize(("megabytes", "survives"), [(1, True), (400, False)])
def test_the_rehearsal_kills_what_takes_too_much(megabytes, survives, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("rehearse", ROOT / "binder" / "rehearse.py")
    rehearse = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rehearse)
    monkeypatch.setattr(rehearse, "LIMIT", 300_000_000)
    source = f"import time; held = b'1' * {megabytes}_000_000; time.sleep(1)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbformat.write(notebook, tmp_path / "hog.ipynb")
    ran = rehearse.rehearse(tmp_path / "hog.ipynb", sys.executable, None, tmp_path)
    assert ran is survives
