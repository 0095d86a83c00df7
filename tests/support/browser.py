"""A real browser on a real Jupyter server, with the network cut: what browser tests stand on.

``open_notebook(cells)`` writes a notebook, opens it in JupyterLab (or ``app="notebook"``: Notebook
7) and gives a `Tab` that runs it, looks at it and takes pictures into ``artefacts/``. Only
127.0.0.1 is reachable; what the page wanted elsewhere is listed in ``Tab.refused``.
maps.googleapis.com is played by ``fake_google_maps.js``; a tab with ``google=False`` finds it
unreachable.

The fixtures belong in conftest.py. Playwright keeps an event loop running in the test's
thread: code that starts a loop of its own (nbclient, nbconvert) runs as a process beside it.
"""

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support import ARTEFACTS

_FAKE_GOOGLE = Path(__file__).with_name("fake_google_maps.js")
_ELSEWHERE = re.compile(r"^(?!(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:)")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Tab:
    """One notebook in one browser tab."""

    def __init__(self, page, path, refused):
        self.page, self.path, self.refused = page, path, refused

    def run(self, *, errors=False):
        """Run all cells, and wait for their end; ``errors=True`` where a cell may fail."""
        self.page.evaluate(_RUN)
        failures = self.page.evaluate(_ERRORS)
        assert errors or not failures, failures
        return failures

    def start(self):
        """Begin to run all cells, and wait for none."""
        self.page.evaluate(f"() => void ({_RUN})()")

    def command(self, name, **arguments):
        """Run a command of JupyterLab's, such as ``apputils:change-theme``."""
        self.page.evaluate("([n, a]) => jupyterapp.commands.execute(n, a)", [name, arguments])

    def save(self):
        """Save the notebook as its reader would; gives its text."""
        self.command("docmanager:save")
        return self.path.read_text()

    def output(self, cell=-1):
        """The output area of a cell, the last one's by default."""
        return self.page.locator(".jp-CodeCell").nth(cell).locator(".jp-Cell-outputArea")

    def screenshot(self, name, locator=None):
        """Take a picture into artefacts/, of the tab or of a part of it."""
        ARTEFACTS.mkdir(exist_ok=True)
        (locator or self.page).screenshot(path=ARTEFACTS / f"{name}.png")


_PANEL = '[...jupyterapp.shell.widgets("main")].find((widget) => widget.content?.model?.cells)'
_RUN = f"""async () => {{
  const panel = {_PANEL};
  await panel.context.ready;
  await panel.sessionContext.ready;
  await jupyterapp.commands.execute("notebook:run-all-cells");
}}"""
_ERRORS = f"""() => {_PANEL}.content.model.toJSON().cells
  .flatMap((cell) => cell.outputs ?? []).filter((o) => o.output_type === "error")
  .map((o) => `${{o.ename}}: ${{o.evalue}}`)"""
_READY = f"() => window.jupyterapp?.shell && {_PANEL}?.context.isReady"


@contextmanager
def chromium_browser():
    """A headless Chromium, or a skip with the reason."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright (the dev extra)")
    path = os.environ.get("GEONB_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("needs a Chromium: install one, or name it in GEONB_CHROMIUM")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


def cut_network(context, *, google=True):
    """Refuse all but 127.0.0.1, and play Google's script; gives the list of what was refused."""
    refused = []

    def answer(route):
        if google and urlsplit(route.request.url).hostname == "maps.googleapis.com":
            route.fulfill(path=_FAKE_GOOGLE, content_type="text/javascript")
        else:
            refused.append(route.request.url)
            route.abort()

    context.route(_ELSEWHERE, answer)
    return refused


@pytest.fixture(scope="module")
def chromium():
    """A browser for a file's tests; its event loop ends with the file."""
    with chromium_browser() as browser:
        yield browser


@pytest.fixture
def open_notebook(chromium, jupyter):
    """Open cells, or the path of a notebook in the server's folder, in a tab; not yet run."""
    contexts = []

    def open_(cells, app="lab", *, google=True, size=(1200, 1000)):
        path = cells if isinstance(cells, Path) else jupyter.write(cells)
        width, height = size
        context = chromium.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        refused = cut_network(context, google=google)
        page = context.new_page()
        where = {"lab": f"lab/workspaces/{path.stem}/tree", "notebook": "notebooks"}[app]
        page.goto(f"{jupyter.url}/{where}/{path.name}?token={jupyter.token}")
        page.wait_for_function(_READY)
        return Tab(page, path, refused)

    yield open_
    for context in contexts:
        context.close()
    jupyter.close_sessions()
