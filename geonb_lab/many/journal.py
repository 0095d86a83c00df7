"""The journal of a run over many photos, which survives a kill.

It lies beside the table, one JSON object per line: first what the run was begun with, then one row
per photo, written as soon as the photo is done. A run that was killed reads it and goes on with
the photos that aren't in it. Its name is one that a folder from elsewhere may hold as well, so it
is opened with care: no link, nor any other program's file, is ever written to.
"""

import contextlib
import errno
import hmac
import json
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

from geonb.errors import EvaluationError, OutputError
from geonb.files import cache_folder, expecting, is_private, make_cache_folder
from geonb.writing import NO_LOCKS, replacing
from geonb_lab.many.results import Result
from geonb_lab.many.tables import check_row, row, write_table

_SEAL = "geonb journal"
_BEGIN = f'{{"{_SEAL}": '.encode()
"""How journals begin."""
_FOREIGN = "is there, and isn't a journal of geonb's; rename it, or name another table"
_KEY_BYTES = 32
_APPEND = os.O_RDWR | os.O_CREAT | os.O_APPEND
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):  # not all systems have all
    _APPEND |= getattr(os, _flag, 0)


@dataclass
class Journal:
    """The rows of a run that is under way, and the names of the photos that are ``done``."""

    path: Path
    file: FileIO
    done: set[str] = field(default_factory=set)

    def add(self, values: dict[str, Any]) -> None:
        """Write a row; after this, no kill of the process loses it."""
        self.write_line(values)
        self.done.add(values["photo"])

    def write_line(self, values: dict[str, Any]) -> None:
        """Write one line, at once. Raises `EvaluationError` if the disk is full."""
        line = json.dumps(values).encode() + b"\n"
        size = os.fstat(self.file.fileno()).st_size
        with self._keeping(self.path):
            if self.file.write(line) < len(line):  # the disk took a part of it
                self.file.truncate(size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows, from the file."""
        with self.path.open(encoding="utf-8") as lines:
            next(lines)
            yield from map(json.loads, lines)

    def write(self, target: Path) -> None:
        """Write the table, whole or not at all. Raises `EvaluationError`."""
        with self._keeping(target):
            write_table(self.rows(), target)

    @contextmanager
    def _keeping(self, path: Path) -> Iterator[None]:
        """Write to a file in this block; an error says that nothing is lost that is done."""
        try:
            yield
        except OSError as error:
            cause = error.__cause__ if isinstance(error, OutputError) else error
            raise EvaluationError(
                f"{path}: cannot write ({getattr(cause, 'strerror', cause)}); the "
                f"{len(self.done):,} photos that are done are kept: free some space, and run the "
                "same command again"
            ) from error


@contextmanager
def journal(
    target: Path, begun_with: dict[str, Any], *, again: bool = False, resume: bool = False
) -> Iterator[Journal]:
    """Open the journal of the table ``target``; ``begun_with`` has to be what it was begun with.

    It is removed when the block ends without an exception: the table is whole then. ``again``
    begins anew, over a finished table too; ``resume`` believes a journal that wasn't begun by you
    on this machine. Raises `EvaluationError` if another run holds it, or it belongs to another
    run, or the table is there already.
    """
    path = target.with_name(f".{target.name}.journal")
    taken = EvaluationError(f"{target}: is there already; name another file, or --overwrite")
    if target.exists() and not again and not path.exists():
        raise taken
    with _locked(path, target) as file:
        found = Journal(path, file)
        file.seek(0)
        data = file.read(len(_BEGIN))
        if data and data != _BEGIN:
            raise EvaluationError(f"{path}: {_FOREIGN}")
        data += file.read()
        if target.exists() and not again and b"\n" not in data:  # nobody's: it tells no run
            raise taken
        whole = b"" if again else data[: data.rfind(b"\n") + 1]  # a kill may have cut the last row
        file.truncate(len(whole))
        if whole:
            _go_on(found, whole[: whole.find(b"\n")], begun_with, resume=resume)
        else:
            found.write_line({_SEAL: _seal(begun_with), **begun_with})
        yield found
        if sys.platform != "win32":  # there, nobody can remove an open file
            path.unlink()
    path.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path, target: Path) -> Iterator[FileIO]:
    """Open the journal's file for this run alone. Raises `EvaluationError` for anything else."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, _APPEND, 0o600)
    except OSError as error:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise EvaluationError(f"{path}: cannot write there ({reason})") from error
    with FileIO(number, "a+") as file:
        state = os.fstat(number)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink > 1:
            raise EvaluationError(f"{path}: {_FOREIGN}")
        try:
            _lock(number)
            same = os.path.samestat(path.stat(follow_symlinks=False), state)
        except OSError as error:  # held, or removed at this moment by the run that held it
            same = error.errno in NO_LOCKS
        if not same:
            raise EvaluationError(
                f"{target}: another run is writing it; wait for that one, or name another file"
            )
        yield file


def _lock(number: int) -> None:
    """Hold an open file for this process alone. Raises `OSError` if another one holds it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(number, 1 << 40, os.SEEK_SET)  # far behind what is read and written
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in NO_LOCKS:  # without locks, nobody can tell
                raise


def _go_on(found: Journal, first: bytes, begun_with: dict[str, Any], *, resume: bool) -> None:
    """Read what is done. Raises `EvaluationError` if it isn't this run's."""
    advice = "; begin anew with --overwrite"
    with expecting(found.path, "the journal of a run", EvaluationError, advice=advice):
        before = json.loads(first)
        own = before.pop(_SEAL) == _seal(begun_with)
        wanted = json.loads(json.dumps(begun_with))
        if before != wanted:
            raise EvaluationError(
                f"{found.path}: the run was begun with {json.dumps(before):.300}, not "
                f"{json.dumps(wanted)}; take the same options, name another file, or --overwrite"
            )
        columns = row(Result(""), "", begun_with["top"]).keys()
        for values in found.rows():
            check_row(values, columns)
            found.done.add(values["photo"])
    if not (resume or own):
        raise EvaluationError(
            f"{found.path}: wasn't begun by you on this machine; --resume believes it and goes on, "
            "--overwrite begins anew"
        )


def _seal(begun_with: dict[str, Any]) -> str:
    """What only you can write into a journal: nobody else can read the key in your cache."""
    text = json.dumps(begun_with, sort_keys=True).encode()
    return hmac.digest(_key(), text, "sha256").hex()


def _key() -> bytes:
    """Your key, made when it's first needed; another one each time if it can't be kept."""
    path = cache_folder() / "journals" / "key"
    with contextlib.suppress(OSError):  # the cache may be read-only
        make_cache_folder(path.parent.name)
        if not path.exists():
            with replacing(path) as temporary:
                temporary.chmod(0o600)
                temporary.write_bytes(secrets.token_bytes(_KEY_BYTES))
    with contextlib.suppress(OSError):
        if is_private(path) and len(key := path.read_bytes()) == _KEY_BYTES:
            return key
    return secrets.token_bytes(_KEY_BYTES)
