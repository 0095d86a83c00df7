"""A real Jupyter server for browser tests; kernels run in the test's own environment."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from urllib.parse import urlsplit

import pytest

TEST_KEY = "AIza-key-of-the-browser-tests"
"""What the kernels find in the variable GEONB_TEST_KEY: to be in no saved file."""
_SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}
"""No news, every cell in the page, and widget state in every saved notebook."""


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


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """The run's one server."""
    server = Jupyter(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()
