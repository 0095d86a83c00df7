"""The command line in a process of its own."""

import os
import subprocess
import sys


def run_geonb(*arguments, cwd=None, before=None, **environment):
    """Run ``geonb`` with these arguments, and variables beside those that there are.

    ``before`` is called in the new process (limits.py).
    """
    command = [sys.executable, "-m", "geonb", *map(str, arguments)]
    environment = {**os.environ, **environment}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        check=False,
        preexec_fn=before,
        errors="replace",
    )
