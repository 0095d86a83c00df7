"""A real browser on a real Jupyter server, with the network cut: what browser tests stand on.

``open_notebook(cells)`` writes a notebook, opens it in JupyterLab (or ``app="notebook"``: Notebook
7) and gives a `Tab` that runs it, looks at it and takes pictures into ``artefacts/``. Kernels run
in the test's own environment. Only 127.0.0.1 is reachable; what the page wanted elsewhere is
listed in ``Tab.refused``. maps.googleapis.com is played by ``fake_google_maps.js``; a tab with
``google=False`` finds it unreachable.

The fixtures belong into conftest.py. Playwright keeps an event loop running in the test's
thread: code that starts a loop of its own (nbclient, nbconvert) runs as a process beside it.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ARTEFACTS = Path(__file__).parents[1] / "artefacts"
TEST_KEY = "AIza-key-of-the-browser-tests"
"""What the kernels find in the variable GEONB_TEST_KEY: to be in no saved file."""
_FAKE_GOOGLE = Path(__file__).with_name("fake_google_maps.js")
_SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}
"""No news, every cell in the page, and widget state in every saved notebook."""
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


class Jupyter:
    """A Jupyter server with folders of its own; it serves JupyterLab and Notebook 7."""

    def __init__(self, folder):
        self.root = folder / "notebooks"
        self.root.mkdir()
        self.token = uuid.uuid4().hex
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self.env = _environment(folder)
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command(), env=self.env, cwd=folder, stdout=log, stderr=log
            )
        self._wait()

    def _command(self):
        return [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={urlsplit(self.url).port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}"),
            *("--LabApp.expose_app_in_browser=True", "--LabApp.news_url="),
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]

    def _wait(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.request("GET", "/api/status")
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"no Jupyter server:\n{self.log.read_text()[-2000:]}")
                time.sleep(0.1)

    def request(self, method, path):
        """One call of the server's REST interface, answered as JSON where it answers."""
        headers = {"Authorization": f"token {self.token}"}
        call = urllib.request.Request(self.url + path, method=method, headers=headers)
        with urllib.request.urlopen(call, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def write(self, cells, name=None):
        """Write a notebook of code cells into the server's folder."""
        path = self.root / f"{name or uuid.uuid4().hex}.ipynb"
        code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        body = [{**code, "id": f"cell-{i}", "source": cell} for i, cell in enumerate(cells)]
        notebook = {"cells": body, "metadata": {"kernelspec": spec}}
        path.write_text(json.dumps({**notebook, "nbformat": 4, "nbformat_minor": 5}))
        return path

    def close_sessions(self):
        """Shut all kernels down."""
        for session in self.request("GET", "/api/sessions"):
            self.request("DELETE", f"/api/sessions/{session['id']}")

    def stop(self):
        """End the server, and its kernels with it."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def _environment(folder):
    homes = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    homes += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    env = {**os.environ, **{home: str(folder / home.lower()) for home in homes}}
    for name, values in _SETTINGS.items():
        path = folder / f"jupyterlab_settings_dir/{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    page = folder / "jupyter_config_dir/labconfig/page_config.json"
    page.parent.mkdir(parents=True)
    page.write_text('{"buildCheck": false}')  # gmaps' old extension would open a dialogue
    return {**env, "GEONB_TEST_KEY": TEST_KEY}


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


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """The run's one server."""
    server = Jupyter(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()


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
