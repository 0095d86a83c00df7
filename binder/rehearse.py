"""Rehearse Binder without Docker: its environment, its postBuild, its notebooks, in 2 GB.

Reads binder/environment.yml, makes that environment with pip (its conda part, Python and node,
has to be on this machine), then runs postBuild in it, which fetches GeoCLIP's stand-in (hub.py),
locates one photo with it in a fresh process, and runs notebooks 00 to 05, each in a fresh kernel
and each within 2 GB. Where a control group can be made (mostly: as root), Linux holds the
limit, as on Binder: it gives no page beyond it, and kills. Elsewhere no process gets more than 2 GB
of private memory (RLIMIT_DATA), and the whole tree is killed when its sum, looked at ten times a
second, is above. A line says which it was. The peak is that sum (PSS: shared pages count once).
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).parents[1]
LIMIT = 2 * 10**9
"""Bytes: what mybinder.org gives a visitor, at most, and a build."""
GROUPS = {
    "/sys/fs/cgroup": ("memory.swap.max", "memory.max", "memory.events"),
    "/sys/fs/cgroup/memory": ("memory.swappiness", "memory.limit_in_bytes", "memory.oom_control"),
}
"""Where control groups are made, version 2 and 1: files for swapping, the limit, and the kills."""


def main():
    """Rehearse, and print a table; the exit code is 1 where anything failed."""
    from hub import hub  # it needs geonb, as the rest here does not

    environment = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text())
    pip_lines = check(environment["dependencies"])
    print("==> making a stand-in for GeoCLIP, of its size", flush=True)
    with tempfile.TemporaryDirectory(prefix="geonb-binder-") as folder, hub() as leads_here:
        home = Path(folder)
        python = make(home / "env", pip_lines)
        env = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
        env |= {
            "HOME": folder,
            "GEONB_CACHE": str(home / "cache"),
            "VIRTUAL_ENV": str(home / "env"),
            "PYTHONPATH": leads_here,
        }
        with control_group() as group:
            keeper = "a control group" if group else "RLIMIT_DATA and by watching"
            print(f"==> {LIMIT / 1e9:g} GB for each of these, kept by {keeper}")
        print(f"{'':<30} {'peak':>8} {'time':>7}", flush=True)
        results = [rehearse("postBuild", [ROOT / "binder" / "postBuild"], env)]
        photo = ROOT / "geonb" / "data" / "nairobi.jpg"
        real = [python.parent / "geonb", "locate", photo, "--model", "geoclip"]
        results.append(rehearse("GeoCLIP, one photo", [*real, "--precision", "int8"], env))
        for path in sorted((ROOT / "notebooks").glob("0[0-5]_*.ipynb")):
            command = [python, "-m", "nbconvert", "--to", "notebook", "--execute", path]
            command += ["--ExecutePreprocessor.timeout=240"]  # seconds a cell; see WakingOutput
            command += ["--output-dir", home / "out", "--log-level", "ERROR"]
            results.append(rehearse(path.stem, command, env))
    sys.exit(0 if all(results) else 1)


def check(dependencies):
    """Give the pip section, having compared the conda one with this machine."""
    conda = [line for line in dependencies if isinstance(line, str)]
    version = f"python={sys.version_info.major}.{sys.version_info.minor}"
    if version not in conda:
        sys.exit(f"Binder has {conda[0]}, this is {version}: make PYTHON=… binder-rehearsal")
    node = subprocess.check_output(["node", "--version"], text=True).strip().removeprefix("v")
    print(f"==> conda's part on Binder: {', '.join(conda)}", flush=True)
    print(f"    taken from this machine: {version}, nodejs={node}", flush=True)
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


def rehearse(name, command, env=None):
    """Run one command within the limit, and print a line; True if it ran to its end."""
    start, peak = time.monotonic(), 0
    with (
        control_group() as group,
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            command,
            env=env,
            cwd=ROOT,
            stdout=output,
            stderr=output,
            preexec_fn=partial(confine, group),  # noqa: PLW1509 - there are no threads here
        ) as process,
    ):
        while process.poll() is None and peak <= LIMIT and not killed_in(group):
            peak = max(peak, memory(process.pid))
            time.sleep(0.1)
        kill(process.pid)
        process.wait()
        over = peak > LIMIT or killed_in(group)
        ran = process.returncode == 0 and not over
        verdict = "" if ran else "  over the limit: killed" if over else "  FAILED"
        seconds = time.monotonic() - start
        print(f"{name:<30} {peak / 1e6:>5.0f} MB {seconds:>5.1f} s{verdict}", flush=True)
        if not ran:
            output.seek(0)
            print(output.read().decode(errors="replace")[-2000:])
    return ran


@contextmanager
def control_group():
    """A control group with the limit, for one command; None where none may be made."""
    group = new_group()
    try:
        yield group
    finally:
        if group:
            for pid in (group / "cgroup.procs").read_text().split():
                kill(int(pid))
            while (group / "cgroup.procs").read_text():
                time.sleep(0.1)
            group.rmdir()


def new_group():
    """Make one, in the version of control groups that this machine has."""
    for folder, (swapping, limit, _) in GROUPS.items():
        group = Path(folder, f"geonb-{os.getpid()}")
        with suppress(OSError):
            group.mkdir()
            try:
                setting(group / swapping, 0)
                setting(group / limit, LIMIT)
            except OSError:
                group.rmdir()
                continue
            return group
    return None


def setting(file, value):
    """Write into a file of the kernel's, and make none where it has none."""
    with file.open("r+") as opened:
        opened.write(str(value))


def killed_in(group):
    """Whether Linux killed something in a control group (or None) because memory ran out."""
    if not group:
        return False
    *_, kills = GROUPS[str(group.parent)]
    return "oom_kill 0\n" not in (group / kills).read_text()


def confine(group):
    """In the new process, before it becomes the command: keep it within the limit."""
    if group:
        (group / "cgroup.procs").write_text("0")
    else:
        resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))


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
