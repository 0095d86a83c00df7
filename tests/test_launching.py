"""What people launch geonb with: scripts, workflows, the pages around the notebooks."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
def test_the_cheat_sheet_prints_on_one_page(chromium):
    page = chromium.new_page()
    page.goto((ROOT / "docs" / "cheat-sheet.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert re.findall(rb"/Count (\d+)", printed) == [b"1"]


@pytest.fixture(params=["the kernel", "watching"])
def rehearse(request, monkeypatch):
    """The rehearsal with a limit of 300 MB: as here, and as where no control group may be made."""
    spec = importlib.util.spec_from_file_location("rehearse", ROOT / "binder" / "rehearse.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LIMIT", 300_000_000)
    if request.param == "watching":
        monkeypatch.setattr(module, "GROUPS", {})
    return module


@pytest.mark.newest
@pytest.mark.parametrize("megabytes", [200, 400])
def test_the_rehearsal_gives_no_more_than_its_limit(megabytes, rehearse, capsys):
    script = f"held = b'1' * {megabytes}_000_000; import time; time.sleep(0.5)"
    assert rehearse.rehearse("one", [sys.executable, "-c", script]) is (megabytes < 300)
    assert re.search(r"^one +\d+ MB +[\d.]+ s", capsys.readouterr().out)


@pytest.mark.newest
def test_what_the_kernel_killed_is_called_so(rehearse, capsys):
    rehearse.rehearse("hog", [sys.executable, "-c", "held = b'1' * 2_000_000_000"])
    told = capsys.readouterr().out
    assert "over the limit: killed" in told or "MemoryError" in told


@pytest.mark.newest
def test_the_rehearsal_adds_up_what_several_processes_hold(rehearse):
    hold = "held = b'1' * 200_000_000; import time; time.sleep(30)"
    script = (
        f"import subprocess, sys; a = subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}"
    )
    assert not rehearse.rehearse("two", [sys.executable, "-c", script])
