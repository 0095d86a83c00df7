"""How many processors this process may use: the container's limit, not the host's count."""

from __future__ import annotations

import hashlib
import math
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def cpu_limit(root: Path = Path("/")) -> int:
    """Processors that this process may use at a time, at least one.

    The least of the scheduler's affinity mask and the CPU quotas of the control groups, version 1
    or 2, from the process's own group up to the root (a container often sees its own as root).
    """
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:  # macOS and Windows have no control groups either
        count = os.cpu_count() or 1
    return max(1, min([count, *(math.ceil(quota) for quota in _quotas(root))]))


def _quotas(root: Path) -> Iterator[float]:
    """The quotas that are set, in processors."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounts = ("cpu", "cpu,cpuacct") if controllers else ("", "unified")
        read = _version_1 if controllers else _version_2
        for mount in mounts:
            top = root / "sys/fs/cgroup" / mount
            group = top / path.lstrip("/")
            for folder in (group, *group.parents):
                if not folder.is_relative_to(top):
                    break
                if quota := read(folder):
                    yield quota


def _version_2(folder: Path) -> float:
    """``cpu.max`` holds the quota and its period in microseconds, or max; 0 where none is set."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return 0.0


def _version_1(folder: Path) -> float:
    """Quota and period are two files; a quota of -1 means none."""
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        return max(0, quota) / int((folder / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError, ZeroDivisionError):
        return 0.0


def cpu_kind(root: Path = Path("/")) -> str:
    """A short mark of the processor's instructions: what was optimised for it runs on its like."""
    try:
        lines = (root / "proc/cpuinfo").read_text().splitlines()
        flags = next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        flags = platform.processor()
    text = f"{platform.machine()} {flags}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:8]
