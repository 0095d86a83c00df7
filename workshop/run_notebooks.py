"""Execute every notebook whole, keep the executed copies, measure: ``make notebooks``.

``run_notebooks.py 04 06`` takes only those whose names begin so. Beside what each took, and the
most memory its kernel had, stands what its first cell says.
"""

import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient.exceptions import CellExecutionError

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import ARTEFACTS
from support.notebooks import NOTEBOOKS, execute, read

OUT = ARTEFACTS / "notebooks"
STATED = re.compile(r"\| \*\*Time, download, memory\*\* \| (.*) \|")
PEAK = 'print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))'
"""Linux only; elsewhere the memory isn't told."""
CELL_SECONDS = 3600
"""The longest cell trains: 8 minutes on two idle cores, 20 on busy ones, all others below one."""


def main():
    """Write artefacts/notebooks/; the exit code is 1 where a notebook failed."""
    OUT.mkdir(parents=True, exist_ok=True)
    chosen = tuple(sys.argv[1:]) or ("",)
    paths = [path for path in NOTEBOOKS if path.name.startswith(chosen)]
    failed = [path.name for path in paths if not run(path)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def run(path):
    """Execute one notebook in a fresh kernel; True if it ran to its end."""
    notebook = read(path)
    (stated,) = STATED.findall(notebook.cells[0].source)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK if sys.platform == "linux" else ""))
    start = time.monotonic()
    try:
        execute(notebook, path.parent, offline=False, cell_seconds=CELL_SECONDS)
    except (CellExecutionError, RuntimeError, TimeoutError) as error:
        print(f"{path.stem:<28} FAILED: {error}", flush=True)
        return False
    seconds, told = time.monotonic() - start, notebook.cells.pop().outputs
    peak = f"{1.024e-3 * int(told[0].text.split()[1]):.0f} MB" if told else "? MB"
    nbformat.write(notebook, OUT / path.name)
    print(f"{path.stem:<28} {seconds:>5.0f} s {peak:>8}   stated: {stated}", flush=True)
    return True


if __name__ == "__main__":
    main()
