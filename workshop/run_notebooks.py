"""Execute every notebook whole, and keep the executed copies: ``make notebooks``."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "artefacts" / "notebooks"


def main():
    """Write artefacts/notebooks/; the exit code is 1 where a notebook failed."""
    OUT.mkdir(parents=True, exist_ok=True)
    failed = [path.name for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if not run(path)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def run(path):
    """Execute one notebook in a fresh kernel; True if it ran to its end."""
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", path]
    command += ["--output-dir", OUT, "--log-level", "ERROR", "--ExecutePreprocessor.timeout=3600"]
    start = time.monotonic()
    ran = subprocess.run(command, check=False).returncode == 0
    print(
        f"{path.stem:<30} {time.monotonic() - start:>6.1f} s{'' if ran else '  FAILED'}", flush=True
    )
    return ran


if __name__ == "__main__":
    main()
