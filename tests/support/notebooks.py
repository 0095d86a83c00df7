"""The project's notebooks: read, and executed offline."""

import os
import sys

import nbformat
from nbclient import NotebookClient

from support import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.stem[0].isdigit()]
"""All but the one that isn't taught: it's a page of code to read."""
BADGES = (
    "https://mybinder.org/v2/gh/geonb/geonb/main?labpath=notebooks%2F{name}",
    "https://colab.research.google.com/github/geonb/geonb/blob/main/notebooks/{name}",
)
OFFLINE = str(ROOT / "tests" / "offline")


def read(path):
    return nbformat.read(path, as_version=4)


def execute(notebook, folder):
    """Run it offline in a kernel of this environment, in a folder of its own."""
    paths = [OFFLINE, os.environ.get("PYTHONPATH", "")]
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}})
    client.create_kernel_manager()
    client.km.kernel_spec.argv = [
        sys.executable,
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
    ]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    client.execute(env=env)
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
