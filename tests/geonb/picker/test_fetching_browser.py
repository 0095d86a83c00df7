"""The button that fetches a model, in JupyterLab and Chromium: the kernel stays free."""

import pytest
from playwright.sync_api import expect

from support.mirrors import WHOLE

pytestmark = [pytest.mark.newest, pytest.mark.slow]

OFFERED = """
import os, sys
os.environ["GEONB_CACHE"] = {cache!r}
sys.path.insert(0, {tests!r})
import geonb
from geonb.weights.registry import REGISTRY
from support.mirrors import record
REGISTRY["locationnet"] = record({url!r})
button = geonb.FetchButton("locationnet")
display(button)
"""


def test_a_click_fetches_while_other_cells_run(open_notebook, mirror, tmp_path, request):
    cache = tmp_path / "cache"
    mirror.chunk_pause = 0.02
    tests = str(request.config.rootpath / "tests")
    cell = OFFERED.format(cache=str(cache), tests=tests, url=mirror.url)
    tab = open_notebook([cell, "import time; print('free at', round(time.time(), 3))"])
    tab.run()
    output = tab.output(0)
    output.get_by_role("button", name="Get LocationNet (0 MB)").click()
    expect(output).to_contain_text("big.params", timeout=20_000)
    tab.screenshot("fetch-button-coming", output)
    before = tab.output(1).text_content()
    tab.page.locator(".jp-CodeCell").nth(1).click()
    tab.command("notebook:run-cell")
    expect(tab.output(1)).not_to_have_text(before)
    assert not (cache / "locationnet" / "big.params").exists(), "the download was over too soon"
    expect(output).to_contain_text("LocationNet is here", timeout=60_000)
    tab.screenshot("fetch-button-here", output)
    assert (cache / "locationnet" / "big.params").read_bytes() == WHOLE["big.params"]
