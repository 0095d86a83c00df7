"""Download one file: with progress, resumed where the server allows it."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from geonb.errors import FetchError
from geonb.web.addresses import is_address
from geonb.web.asking import asking
from geonb.web.responses import Response, WebError

PATIENCE = 4
"""Retries allowed without a new byte."""
PATIENCE_S = 120.0
"""Seconds that any file may take, and more by its size: see `SLOWEST`."""
SLOWEST = 20_000
"""Bytes a second, over the whole file, that are worth waiting for: LocationNet in four hours."""
BAR: ContextVar[Callable[..., Any] | None] = ContextVar("BAR", default=None)
"""What a thread makes its progress bars with instead of tqdm."""
_UNKNOWN = 1 << 32
"""The size that a file may have if nobody has said it."""
PAUSE_S = 0.5


def download(url: str, part: Path, size: int = 0) -> None:
    """Download ``url``, or copy a local path, into ``part``.

    A broken download is resumed where it broke, also by a later call: the server's own mark of
    the file's version (ETag or date) is kept beside ``part``. ``size`` is about how many bytes
    the file has, if that's known: a much larger one is refused before it fills the disk, and one
    that comes more slowly than `SLOWEST` is given up. Raises `FetchError` with the server's
    answer, and `OSError` if the disk is full.
    """
    if not is_address(url):
        _copy(url, part)
        return
    size = size or _UNKNOWN
    deadline = time.monotonic() + PATIENCE_S + size / SLOWEST
    failures = 0
    while True:
        before = _size(part)
        try:
            with asking(url, _headers(part), deadline) as response:
                _take(response, part, most=size + max(size // 10, 1 << 20))
        except WebError as error:
            if error.final or not part.exists():
                raise FetchError(str(error)) from None  # no answer came: the next mirror's turn
            failures = 0 if _size(part) > before else failures + 1
            if failures > PATIENCE or time.monotonic() > deadline:
                kept = f"{_size(part):,} bytes are kept, try again"
                raise FetchError(f"{error}, repeatedly; {kept}") from None
            time.sleep(PAUSE_S * failures)
        else:
            return


def forget(part: Path) -> None:
    """Remove what an unfinished download left."""
    part.unlink(missing_ok=True)
    _version(part).unlink(missing_ok=True)


def _copy(source: str, part: Path) -> None:
    try:
        shutil.copyfile(source, part)
    except OSError as error:
        if error.filename != source:
            raise
        raise FetchError(f"cannot read it ({error.strerror})") from error


def _version(part: Path) -> Path:
    """The file that notes which version of the file a part is of."""
    return part.with_name(f"{part.name}.from")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _headers(part: Path) -> dict[str, str]:
    """Ask for the rest of the file if it's still the same one, or else for all of it."""
    with suppress(OSError, ValueError):
        version = _version(part).read_text(encoding="utf-8")
        if version and _size(part):
            return {"Range": f"bytes={_size(part)}-", "If-Range": version}
    forget(part)
    return {}


def _take(response: Response, part: Path, most: int) -> None:
    """Write what a response holds, behind what is there if the server goes on from it."""
    have, headers = _size(part), response.headers
    if response.status == 416 and headers.get("Content-Range", "").endswith(f"/{have}"):
        return  # nothing is left to send
    resumed = response.status == 206 and headers.get("Content-Range", "").startswith(
        f"bytes {have}-"
    )
    if not resumed:
        forget(part)
        have = 0
    if response.status in {206, 416} and not resumed:
        raise FetchError("the server sent another range than it was asked for; try again")
    if response.status not in {200, 206}:
        raise FetchError(response.words())
    if response.content_type == "text/html":
        raise FetchError(f"{response.status}, but an HTML page, not the file")
    encoded = headers.get("Content-Encoding", "identity") != "identity"
    if not resumed and not encoded:  # otherwise the bytes here and those in a range would differ
        # A weak ETag doesn't promise the same bytes, and may not stand in If-Range (RFC 9110).
        mark = headers.get("ETag", "W/")
        mark = headers.get("Last-Modified", "") if mark.startswith("W/") else mark
        _version(part).write_text(mark, encoding="utf-8")
    length = headers.get("Content-Length", "")
    total = have + int(length) if length.isdecimal() and not encoded else None
    if (total or 0) > most:
        forget(part)
        raise FetchError(f"the server offers {total:,} bytes, expected {most:,} at most")
    _write(response, part, have, total, most)


def _write(response: Response, part: Path, have: int, total: int | None, most: int) -> None:
    from tqdm.auto import tqdm

    name = part.name.removeprefix(".").removesuffix(".part")
    new_bar = BAR.get() or tqdm
    with (
        part.open("ab" if have else "wb") as file,
        new_bar(total=total, initial=have, desc=name, unit="B", unit_scale=True) as bar,
    ):
        for chunk in response.chunks():
            file.write(chunk)
            bar.update(len(chunk))
            if file.tell() > most:
                break
    if _size(part) > most:
        forget(part)
        raise FetchError(f"the server sends without end, expected {most:,} bytes at most")
    if total not in {None, _size(part)}:
        raise WebError("the connection ended early")
