"""Print why MXNet can't run here, in one line; nothing where it can. ``make test`` asks."""

import ctypes
import platform
import sys


def main() -> None:
    """Print the reason, if there is one."""
    where = f"Python {sys.version_info[0]}.{sys.version_info[1]} on {platform.system()}"
    if (sys.version_info[:2], sys.platform, platform.machine()) != ((3, 11), "linux", "x86_64"):
        print(f"its packages are for Python 3.11 on Linux x86-64, this is {where}")
        return
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        print("it needs libgomp.so.1, which is not installed (Debian: apt install libgomp1)")


if __name__ == "__main__":
    main()
