"""Rehearse Binder without Docker: its environment, its postBuild, its notebooks, in 2 GB.

Reads binder/environment.yml, makes that environment with pip (its conda part, Python and node,
has to be on this machine), runs postBuild in it, and executes notebooks 00 to 05, each in a fresh
kernel. The limit is kept by watching: ten times a second the memory of the whole tree of processes
is added up (PSS, so that shared pages count once), and above 2 GB the tree is killed. A cgroup
would be harder, but needs rights that build machines seldom have.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).parents[1]
LIMIT = 2 * 10**9
"""Bytes: what mybinder.org gives a visitor, at most."""


def main():
    """Rehearse, and print a table; the exit code is 1 where anything failed."""
    environment = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text())
    pip_lines = check(environment["dependencies"])
    with tempfile.TemporaryDirectory(prefix="geonb-binder-") as folder:
        home = Path(folder)
        python = make(home / "env", pip_lines)
        env = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
        env |= {
            "HOME": folder,
            "GEONB_CACHE": str(home / "cache"),
            "VIRTUAL_ENV": str(home / "env"),
        }
        print("==> postBuild", flush=True)
        subprocess.run([ROOT / "binder" / "postBuild"], cwd=ROOT, env=env, check=True)
        print(f"{'notebook':<30} {'peak':>8} {'time':>7}", flush=True)
        paths = sorted((ROOT / "notebooks").glob("0[0-5]_*.ipynb"))
        results = [rehearse(path, python, env, home) for path in paths]
    sys.exit(0 if all(results) else 1)


def check(dependencies):
    """Give the pip section, having compared the conda one with this machine."""
    conda = [line for line in dependencies if isinstance(line, str)]
    version = f"python={sys.version_info.major}.{sys.version_info.minor}"
    if version not in conda:
        sys.exit(f"Binder has {conda[0]}, this is {version}: make PYTHON=… binder-rehearsal")
    print(f"==> conda's part, taken from this machine: {', '.join(conda)}", flush=True)
    return next(line["pip"] for line in dependencies if isinstance(line, dict))


def make(folder, pip_lines):
    """Make the environment with pip; gives its Python."""
    print(f"==> environment: pip {' '.join(pip_lines)}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    words = [word for line in pip_lines for word in line.split()]
    subprocess.run([*command, *words], cwd=ROOT / "binder", check=True)
    return python


def rehearse(path, python, env, home):
    """Execute one notebook within the limit; True if it ran to its end."""
    command = [python, "-m", "nbconvert", "--to", "notebook", "--execute", path]
    command += ["--output-dir", home / "out", "--log-level", "ERROR"]
    start, peak = time.monotonic(), 0
    with subprocess.Popen(command, env=env, cwd=ROOT, start_new_session=True) as process:
        while process.poll() is None and peak <= LIMIT:
            peak = max(peak, memory(process.pid))
            time.sleep(0.1)
        if process.poll() is None:
            kill(process.pid)
    ran = process.returncode == 0
    verdict = "" if ran else "  over 2 GB: killed" if peak > LIMIT else "  FAILED"
    print(
        f"{path.stem:<30} {peak / 1e6:>5.0f} MB {time.monotonic() - start:>5.1f} s{verdict}",
        flush=True,
    )
    return ran


def tree(pid):
    """The process and all below it."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def memory(pid):
    """Bytes that the whole tree holds."""
    total = 0
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += process.memory_full_info().pss
    return total


def kill(pid):
    """End the whole tree."""
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess):
            process.kill()


if __name__ == "__main__":
    main()
