"""Files that are written: whole or not at all, and nothing of the user's is lost by it.

The same for folders: geonb marks those that it makes in the cache, and removes no others.
"""

import contextlib
import errno
import os
import shutil
import uuid
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from geonb.errors import GeonbError, OutputError
from geonb.files import DERIVED, expanded, make_cache_folder, regular

PART = ".part-"
"""How the names of unfinished files and folders begin."""
SIGNATURE = "Made with geonb"
"""Near the start or the end of the pages and pictures that geonb writes: it may replace them."""
_MARKED = 4096  # bytes of each end
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What the system says of a full disk, and of a broken one."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path``, moved onto it when the block ends without an error.

    The temporary file keeps the ending of ``path``, and is removed when the block fails. A file
    that is replaced keeps its mode, owner and attributes, and links to it still lead to it.
    Raises `OutputError` if the file can't be written, or is write-protected, a pipe or a device.
    """
    path = Path(path)
    temporary = path.with_name(f"{PART}{uuid.uuid4().hex}{path.suffix}")
    try:
        target, old = _target(path)
        temporary = target.with_name(temporary.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        # What replaces a private file is private from its first byte.
        os.close(os.open(temporary, _NEW, 0o600 if old else 0o666))
        yield temporary
        if old:
            keep(target, temporary)
        temporary.replace(target)
    except OSError as error:
        own = path, temporary, *path.parents, *temporary.parents
        if error.errno in _FULL or error.filename in map(str, own):
            raise OutputError(
                f"{path}: cannot write it ({error.strerror}); choose another folder, "
                "or free some space"
            ) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _target(path: Path) -> tuple[Path, os.stat_result | None]:
    """The file that is to be written, behind a link, and its state if it's there."""
    if not path.exists():
        if path.is_symlink():  # whoever made it chose where a new file would appear
            raise OSError(errno.ENOENT, "a link to nothing", str(path))
        return path, None
    target, state = path.resolve() if path.is_symlink() else path, regular(path).stat()
    # Root may write to anything; what is write-protected was meant to stay.
    if not (state.st_mode & 0o222 and os.access(target, os.W_OK)):
        raise OSError(errno.EACCES, "it is write-protected", str(path))
    return target, state


def keep(target: Path, temporary: Path) -> None:
    """Give a new file the owner, mode and attributes of ``target``, and the time of now."""
    old, new = target.stat(), temporary.stat()
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        os.chown(temporary, old.st_uid, old.st_gid)
    shutil.copystat(target, temporary)
    os.utime(temporary)


def check_outputs(
    outputs: Iterable[Path],
    inputs: Iterable[str | os.PathLike[str]] = (),
    *,
    overwrite: bool = False,
) -> None:
    """Raise `OutputError` if writing the ``outputs`` would lose something.

    That's so if one of them is an input, or named twice, or is there already and wasn't made by
    geonb, unless ``overwrite`` allows that. Addresses among the inputs are no files.
    """
    listed = list(outputs)
    if twice := [path for i, path in enumerate(listed) if path in listed[:i]]:
        raise OutputError(f"{twice[0]}: named for two outputs; give each its own name")
    there = {_identity(path): path for path in listed}
    there.pop(None, None)
    for source in inputs if there else ():
        if path := there.get(_identity(source)):
            raise OutputError(f"{path}: is an input, and writing would lose it; name another file")
    for path in there.values():
        if not (overwrite or _is_own(path)):
            raise OutputError(
                f"{path}: is there already; name another file, or --overwrite (overwrite=True)"
            )


def _identity(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """What tells a file apart whatever it's called; None if there is none."""
    try:
        state = expanded(path).stat()
    except (OSError, ValueError):
        return None
    return state.st_dev, state.st_ino


def _is_own(path: Path) -> bool:
    if not path.is_file():
        return True  # a folder or a device is refused when it's written
    with path.open("rb") as file:
        start = file.read(_MARKED)
        file.seek(max(0, path.stat().st_size - _MARKED))
        return SIGNATURE.encode() in start + file.read()


MARK = ".geonb"
"""The file that says that geonb made a folder and all that is in it: only such folders go."""
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""What file systems answer that have no locks, such as some of clusters and phones."""


@contextmanager
def filling_cache(task: str, size: int, kind: type[GeonbError]) -> Iterator[None]:
    """Write ``size`` bytes into the cache in this block; raises ``kind`` if the ``task`` fails."""
    try:
        yield
    except OSError as error:
        raise kind(
            f"{task} ({error.strerror or error}); it needs {size / 1e6:.0f} MB; "
            "free some space, or name another folder in GEONB_CACHE"
        ) from error


def claim_folder(folder: Path) -> None:
    """Make a folder for you alone, and mark it as geonb's.

    Raises `OSError`, also if there is one that geonb didn't make, with something in it.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    if not folder.is_symlink() and not any(folder.iterdir()):
        (folder / MARK).touch()
    if not is_marked(folder):
        raise OSError(errno.EEXIST, f"geonb did not make {folder}; move it away", str(folder))


def is_marked(folder: Path) -> bool:
    """Whether geonb made a folder; a link is none, and neither is what you may not look into."""
    mark = folder / MARK
    try:
        return mark.is_file() and not (mark.is_symlink() or folder.is_symlink())
    except OSError:
        return False


def remove_marked(folder: Path) -> None:
    """Remove a folder with what is in it if geonb made it; leave any other. Raises `OSError`.

    The mark goes last, so that what can't be removed now can be later.
    """
    if is_marked(folder):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != MARK:
                path.unlink()
        shutil.rmtree(folder)


def deriving() -> AbstractContextManager[None]:
    """One process at a time derives or clears, so a part that it finds is nobody's."""
    return locking(make_cache_folder(DERIVED).with_name(f".{DERIVED}.lock"))


@contextmanager
def locking(path: Path, waiting: str = "") -> Iterator[None]:
    """Hold a lock among processes in this block. Raises `OSError` if the folder can't be written.

    Where the file system has no locks, as some of clusters, the lock is a file that is there.
    ``waiting`` is said if another process holds it for more than a moment.
    """
    import filelock

    lock: filelock.BaseFileLock = filelock.FileLock(path)
    try:
        try:
            lock.acquire(timeout=2 if waiting else -1)
        except filelock.Timeout:
            warnings.warn(waiting, stacklevel=4)
            lock.acquire()
    except (OSError, NotImplementedError) as error:
        if getattr(error, "errno", errno.ENOSYS) not in NO_LOCKS:
            raise
        lock = filelock.SoftFileLock(path.with_name(f"{path.name}.held"))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
