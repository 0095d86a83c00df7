"""Watch a command by its system calls: whom it asks, what it sends, which files it makes."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

CALLS = (
    "%network,open,openat,creat,mkdir,mkdirat,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat"
)
LOOPBACK = re.compile(r"^(127\.|::1$|0\.0\.0\.0$|::$)")
ADDRESS = re.compile(
    r"sin_port=htons\((?P<port>\d+)\), sin_addr=inet_addr\(\"(?P<v4>[^\"]+)\"\)"
    r"|sin6_port=htons\((?P<port6>\d+)\).*?inet_pton\(AF_INET6, \"(?P<v6>[^\"]+)\""
)
PEER = re.compile(
    r"^\w+\(\d+<(?P<kind>TCP|UDP)(v6)?:\[.*?->\[?(?P<host>[^\]]+?)\]?:(?P<port>\d+)\]>"
)
KIND = re.compile(r"^\w+\(\d+<(?P<kind>TCP|UDP)")
MADE = re.compile(r'"((?:[^"\\]|\\.)*)"')
RESOLVERS = ("/io.systemd.Resolve", "/avahi-daemon/socket")
"""Where a process asks a service of this machine for a name."""


@dataclass(frozen=True)
class Seen:
    """What a command did.

    :ivar asked: Names that it wanted to know: each a system call.
    :ivar sent: What went, or was to go, beyond this machine: each a system call.
    :ivar files: What it made or changed, except in its own folder and in the kernel's.
    """

    asked: tuple[str, ...]
    sent: tuple[str, ...]
    files: tuple[str, ...]


def watched(command, home, *, cwd, timeout=280, **environment):
    """Run a command in a new home, as a user would who set nothing, and tell what it did."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("needs strace: it watches what goes out")
    home.mkdir(exist_ok=True)
    log = cwd.parent / f"{home.name}-calls"
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    env |= {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"TMPDIR": str(cwd), **environment}
    watch = [strace, "-f", "-qq", "-yy", "-s", "400", "-e", f"trace={CALLS}", "-o", str(log)]
    done = subprocess.run(
        [*watch, *map(str, command)],
        env=env, cwd=cwd, capture_output=True, text=True, check=False, timeout=timeout,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return judge(log.read_text(errors="replace"), own=(str(cwd),))


def judge(log, own=()):
    """Read what strace wrote."""
    asked, sent, files = [], [], set()
    here = set(re.findall(r"-- (\S+)\n\s+/32 host LOCAL", Path("/proc/net/fib_trie").read_text()))
    for line in whole(log):
        call = line.partition("(")[0]
        if call in {"connect", "sendto", "sendmsg", "sendmmsg"}:
            kind, host, port = _target(line)
            asks = any(resolver in line for resolver in RESOLVERS) and " = -1 " not in line
            # A datagram's socket that is connected has sent nothing yet: it has an address.
            sends = call != "connect" or kind == "TCP"
            if asks or (sends and port == "53"):
                asked.append(line)
            elif host and sends and not LOOPBACK.match(host) and host not in here:
                sent.append(line)
        elif (path := _made(call, line)) and not path.startswith(
            (*own, "/dev/", "/proc/", "/sys/")
        ):
            files.add(path)
    return Seen(tuple(asked), tuple(sent), tuple(sorted(files)))


def whole(log):
    """The calls without their process; strace writes one that others interrupt in two parts."""
    begun = {}
    for raw in log.splitlines():
        pid, _, line = raw.partition(" ")
        line = line.strip()
        if line.endswith("<unfinished ...>"):
            begun[pid] = line.removesuffix("<unfinished ...>")
        elif line.startswith("<... "):
            yield begun.pop(pid, "") + line.partition(" resumed>")[2]
        else:
            yield line
    yield from begun.values()  # those that never came back had their address all the same


def _target(line):
    """The kind of the socket, the address and the port that a call names or is connected to."""
    kind = KIND.match(line)
    if named := ADDRESS.search(line):
        host, port = named["v4"] or named["v6"], named["port"] or named["port6"]
        return (kind["kind"] if kind else "", host.removeprefix("::ffff:"), port)
    if peer := PEER.match(line):
        return peer["kind"], peer["host"].removeprefix("::ffff:"), peer["port"]
    return "", "", ""


def _made(call, line):
    """The path of what a call made or opened to write; None if it did neither."""
    if " = -1 " in line:
        return None
    if call in {"open", "openat"}:
        if not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", line):
            return None
        opened = re.search(r"= \d+<(?P<path>/[^>]*)>$", line)
        return opened["path"] if opened and not opened["path"].startswith("/memfd:") else None
    if call in {"creat", "mkdir", "mkdirat", "symlink", "symlinkat", "link", "linkat"} or (
        call.startswith("rename")
    ):
        last = MADE.findall(line)[-1]
        return last if Path(last).is_absolute() else None
    return None
