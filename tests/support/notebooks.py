"""The project's notebooks: read, and executed, by the tests and by ``make notebooks``."""

import os
import sys

import nbformat
import zmq
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.output_widget import OutputWidget

from support import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.stem[0].isdigit()]
"""All but the one that isn't taught: it's a page of code to read."""
BADGES = (
    "https://mybinder.org/v2/gh/geonb/geonb/main?labpath=notebooks%2F{name}",
    "https://colab.research.google.com/github/geonb/geonb/blob/main/notebooks/{name}",
)
OFFLINE = str(ROOT / "tests" / "offline")


class WakingOutput(OutputWidget):
    """What ``interact`` writes into, played by nbclient, without losing the cell's reply.

    nbclient tells the kernel of every output while another task waits for the cell's reply on the
    same ZeroMQ socket. jupyter_client sends past asyncio, straight on that socket, and a send takes
    the one signal that the reply has come with it. The reply then lies there unread until the
    cell's time is up (https://github.com/jupyter/nbclient/issues/312). Asking asyncio's socket for
    its events lets it look again.
    """

    def send(self, *args, **kwargs):
        super().send(*args, **kwargs)
        self.kernel_client.shell_channel.socket.get(zmq.EVENTS)


def read(path):
    return nbformat.read(path, as_version=4)


def execute(notebook, folder, *, offline=True, cell_seconds=240):
    """Run it in a kernel of this environment, in a folder; a cell that does not end is an error."""
    begun = ["its start"]
    client = NotebookClient(
        notebook,
        timeout=cell_seconds,
        on_cell_execute=lambda cell, cell_index: begun.append(cell.id),
        resources={"metadata": {"path": str(folder)}},
    )
    client.widget_registry = {"@jupyter-widgets/output": {"OutputModel": WakingOutput}}
    client.create_kernel_manager()
    client.km.kernel_spec.argv = [
        sys.executable,
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
    ]
    paths = [OFFLINE if offline else "", os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    try:
        client.execute(env=env)
    except CellTimeoutError:
        raise TimeoutError(
            f"{begun[-1]}: not done within {cell_seconds} s; run it in JupyterLab to see why"
        ) from None
    except DeadKernelError:
        raise DeadKernelError(
            f"{begun[-1]}: the kernel died; see whether the memory ran out"
        ) from None
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
