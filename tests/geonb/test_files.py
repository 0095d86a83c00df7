"""The cache where there is no home, digests that are noted once, locks, and broken files."""

import errno
import fcntl
import os
import pwd

import pytest
from click.testing import CliRunner

from geonb import files
from geonb.__main__ import main
from geonb.errors import GeonbError, ModelError
from geonb.files import cache_folder, expecting, file_digest, is_private, regular
from geonb.writing import locking


@pytest.fixture
def homeless(monkeypatch):
    """As in a container that runs as a user whom nobody has entered."""

    def nobody(_):
        raise KeyError("uid not found")

    for name in ("GEONB_CACHE", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    files.temporary_cache.cache_clear()
    yield
    files.temporary_cache.cache_clear()


def test_without_a_home_the_cache_is_temporary_and_that_is_said(homeless, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="no home folder here.*GEONB_CACHE"):
        folder = cache_folder()
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o077 == 0
    assert cache_folder() == folder
    run = CliRunner().invoke(main, ["models"])
    assert run.exit_code == 0
    assert str(folder) in run.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", ["~nobody-here/x", "~nobody-here"])
def test_the_home_of_nobody(monkeypatch, tmp_path, named):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GEONB_CACHE", named)
    with pytest.raises(GeonbError, match=r"GEONB_CACHE is ~nobody-here.*nobody's home"):
        cache_folder()
    run = CliRunner().invoke(main, ["models"])
    assert (run.exit_code, len(run.stderr.splitlines())) == (2, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore:flock not supported")  # filelock's own, of ENOSYS
@pytest.mark.parametrize("answer", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(tmp_path, monkeypatch, answer):
    def flock(*_):
        raise OSError(answer, os.strerror(answer))

    monkeypatch.setattr(fcntl, "flock", flock)
    path = tmp_path / ".lock"
    for _ in range(2):
        with locking(path):
            held = {file.name for file in tmp_path.iterdir()}
        assert held
    assert ".lock.held" not in {file.name for file in tmp_path.iterdir()}


def test_a_lock_that_fails_for_another_reason_is_no_lock(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)), locking(tmp_path / ".lock"):
        pass
    assert ".lock.held" not in {file.name for file in tmp_path.iterdir()}


def test_what_others_may_have_written_is_not_private(tmp_path, monkeypatch):
    path = tmp_path / "note"
    path.touch()
    path.chmod(0o600)
    assert is_private(path)
    tmp_path.chmod(0o755)
    path.chmod(0o666)
    assert not is_private(path)
    monkeypatch.delattr(os, "geteuid")
    assert is_private(path), "as on Windows, where no mode tells"


@pytest.mark.parametrize("path", ["/proc/kmsg", "/proc/self/status", "/dev/null", "pipe"])
def test_what_may_never_end_is_no_file(tmp_path, path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "grids.txt").symlink_to(path)  # as in a folder from a stranger
    with pytest.raises(OSError, match="a pipe or a device"):
        regular(tmp_path / "grids.txt")
    (tmp_path / "loop").symlink_to("loop")
    for there in ("loop", "nothing", ""):
        assert regular(tmp_path / there) == tmp_path / there


@pytest.mark.parametrize("mistake", [TypeError, AttributeError, NameError, AssertionError])
def test_a_mistake_of_ours_is_no_broken_file(tmp_path, mistake):
    with pytest.raises(mistake), expecting(tmp_path, "a table", ModelError):
        raise mistake


@pytest.mark.parametrize("broken", [ValueError, KeyError, EOFError, RecursionError, MemoryError])
def test_a_broken_file_is_named_with_what_was_expected(tmp_path, broken):
    with (
        pytest.raises(ModelError, match=r"not a table, or cut off .*; write it anew"),
        expecting(tmp_path, "a table", ModelError, advice="; write it anew"),
    ):
        raise broken


def test_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GEONB_CACHE", "~/there")
    assert cache_folder() == tmp_path.home() / "there"
    monkeypatch.delenv("GEONB_CACHE")
    assert cache_folder().name == "geonb"
    assert cache_folder().is_absolute()


def test_a_digest_is_worked_out_once_and_anew_for_another_file(tmp_path, cache):
    path = tmp_path / "x"
    path.write_bytes(b"one")
    first = file_digest(path)
    (note,) = (cache / "digests").iterdir()
    note.write_text("0" * 32)
    assert file_digest(path) == "0" * 32, "the note was not read"
    path.write_bytes(b"two")
    assert file_digest(path) not in {first, "0" * 32}
    note.write_text("half")
    path.unlink()
    path.write_bytes(b"one")
    assert file_digest(path) == first


def test_a_file_that_keeps_its_inode_size_and_time_is_read_again(tmp_path, cache):
    """As tar, rsync and wheels leave it: only the time of the last change tells."""
    path = tmp_path / "x"
    path.write_bytes(b"one")
    before, state = file_digest(path), path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (state.st_ino, state.st_mtime_ns)
    assert file_digest(path) != before


def test_a_digest_that_others_may_have_noted_is_not_believed(tmp_path, cache):
    path = tmp_path / "model.params"
    path.write_bytes(b"one")
    true = file_digest(path)
    (note,) = (cache / "digests").iterdir()
    note.write_text("0" * 32)
    assert file_digest(path) == "0" * 32
    for shared in (cache, *cache.rglob("*")):  # everyone may write, as where users share it
        shared.chmod(0o777 if shared.is_dir() else 0o666)
    assert file_digest(path) == true
