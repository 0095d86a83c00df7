"""What is derived from a checkpoint: whole or absent, also where the cache cannot be written."""

import atexit
import gc
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from geonb import writing
from geonb.errors import ModelError
from geonb.files import temporary_cache
from geonb.network.derived import derive
from geonb.network.opening import OnnxEngine
from geonb.network.sessions import open_session
from geonb.writing import MARK, deriving
from support.limits import powerless, quota
from support.networks import write_network

SEEN = np.ones((1, 3, 224, 224), np.float32)


ANSWER = """
import sys, numpy as np, geonb
model = geonb.load_model(sys.argv[1])
print(model.network.probabilities(np.ones((1, 3, 224, 224), np.float32)).argmax())
"""


@pytest.fixture
def files(tmp_path):
    return write_network(tmp_path / "own")


@pytest.fixture
def locked(cache):
    """Makes the cache read-only, and gives it back in the end."""

    def lock():
        cache.mkdir(exist_ok=True)
        for path in (cache, *cache.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)

    yield lock
    for path in (cache, *cache.rglob("*")):
        path.chmod(0o755)


@pytest.fixture
def no_cache():
    """No temporary cache is left of another test."""
    temporary_cache.cache_clear()
    yield
    temporary_cache.cache_clear()


def derived(cache):
    """What is derived from all models, finished or not."""
    return sorted(path for path in (cache / "derived").glob("*/*") if path.name != MARK)


def answer(files, cache, *, before=powerless, check=True):
    environment = {**os.environ, "GEONB_CACHE": str(cache)}
    command = [sys.executable, "-c", ANSWER, files.prefix]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=environment,
        check=check,
        preexec_fn=before,
    )


def test_an_empty_cache_that_cannot_be_written(files, cache, locked):
    locked()
    run = answer(files, cache)
    assert run.stdout == f"{OnnxEngine(files).probabilities(SEEN).argmax()}\n"
    assert "the cache cannot be written" in run.stderr
    assert "GEONB_CACHE" in run.stderr


def test_a_full_cache_that_cannot_be_written_is_used_as_it_is(files, cache, locked):
    expected = OnnxEngine(files).probabilities(SEEN).argmax()
    locked()
    run = answer(files, cache)
    assert (run.stdout, run.stderr) == (f"{expected}\n", "")


def test_a_full_disk(files, cache):
    """A quota of 50 kB a file stands in for the disk; the converted model needs 80."""
    run = answer(files, cache, before=quota(50_000), check=False)
    assert run.returncode == 1
    assert "ModelError" in run.stderr.splitlines()[-1]
    assert "free some space" in run.stderr.splitlines()[-1]
    assert derived(cache) == []
    assert answer(files, cache).stderr == ""


def test_a_temporary_folder_goes_with_the_process(files, cache, tmp_path, monkeypatch):
    cache.write_text("a file where the folder should be")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    run = answer(files, cache)
    assert "the cache cannot be written (File exists), so what geonb fetches and" in run.stderr
    assert run.stdout
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.usefixtures("no_cache")
def test_a_temporary_folder_is_filled_once(files, cache):
    cache.write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="the cache cannot be written"):
        engine = OnnxEngine(files)
    assert OnnxEngine(files).folder == engine.folder


def test_what_another_process_has_made_meanwhile_is_taken(cache, monkeypatch):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "model.onnx").write_bytes(b"network")

    def after_the_other():
        monkeypatch.setattr(writing, "deriving", deriving)
        derive("own", "content", make)
        return deriving()

    monkeypatch.setattr(writing, "deriving", after_the_other)
    folder = derive("own", "content", make)
    assert (folder / "model.onnx").read_bytes() == b"network"
    assert len(made) == 1


def test_a_conversion_that_the_disk_has_no_room_for_is_not_begun(cache):
    with pytest.raises(
        ModelError, match=r"own: cannot write .*\(No space left .* needs 1000000 MB"
    ):
        derive("own", "content", pytest.fail, needed=10**12)
    assert derived(cache) == []


def test_a_changed_file_of_the_same_size_is_made_anew(files, cache):
    expected = OnnxEngine(files).probabilities(SEEN)
    (victim,) = (cache / "derived").glob("*/*/model.data")
    data = bytearray(victim.read_bytes())
    data[::7] = bytes(len(data[::7]))
    victim.write_bytes(data)
    np.testing.assert_array_equal(OnnxEngine(files).probabilities(SEEN), expected)


def test_an_onnx_file_without_optimisation_answers_alike(files, cache, tmp_path):
    """What is mapped, laid out for this processor, is the network as it was written."""

    files.write_onnx(tmp_path)
    plain = open_session(tmp_path / "model.onnx").run(None, {"data": SEEN})[0]
    assert OnnxEngine(files).probabilities(SEEN) == pytest.approx(plain, abs=1e-5)


def test_conversions_of_other_releases_go_when_one_is_made(files, cache, tmp_path):
    """Those of this release stay: other networks, and other kinds of the same."""
    OnnxEngine(write_network(tmp_path / "other", seed=3, name="other"))
    (kept,) = derived(cache)
    *_, ours, runtime = kept.name.split("-")
    start = kept.name.removesuffix(f"-{ours}-{runtime}")
    old = [f"{start}-0.0.9-{runtime}", f"{start}-{ours}-1.2.3", "a-b-plain-0.0.9"]
    for name in [*old, f"a-b-plain-{ours}", ".part-0123"]:
        (kept.parent / name).mkdir()
        (kept.parent / name / "model.data").write_bytes(bytes(1000))
    OnnxEngine(write_network(tmp_path / "other", seed=3, name="other"))  # there: nothing is made
    assert len(derived(cache)) == 6
    OnnxEngine(files)
    assert {kept, kept.with_name(f"a-b-plain-{ours}")} < set(derived(cache))
    assert len(derived(cache)) == 3


def test_a_conversion_removes_nothing_that_geonb_did_not_make(files, cache, tmp_path):
    """GEONB_CACHE may name a folder that holds folders of the user's."""
    album = cache / "derived" / "holiday" / "2017"
    album.mkdir(parents=True)
    (album / "photo.jpg").write_bytes(b"a photo")
    OnnxEngine(files)
    (made,) = cache.glob("derived/tiny/*/")
    (made.parent / "2018").symlink_to(album)
    OnnxEngine(write_network(tmp_path / "other", seed=3))
    assert (album / "photo.jpg").exists()


@pytest.mark.usefixtures("no_cache")
def test_a_model_named_as_a_folder_of_the_users(files, cache):
    """What is made of it must not be written there, as clearing would remove it all."""
    own = cache / "derived" / "tiny"
    own.mkdir(parents=True)
    (own / "photo.jpg").write_bytes(b"a photo")
    with pytest.warns(UserWarning, match=r"geonb did not make .*tiny; move it away"):
        assert own not in OnnxEngine(files).folder.parents
    assert derived(cache) == [own / "photo.jpg"]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.usefixtures("no_cache")
def test_a_forked_child_leaves_the_temporary_folder_to_its_parent(files, cache):
    cache.write_text("a file where the folder should be")
    with pytest.warns(UserWarning, match="the cache cannot be written"):
        engine = OnnxEngine(files)
    child = os.fork()
    if not child:
        gc.collect()
        atexit._run_exitfuncs()
        os._exit(0)
    os.waitpid(child, 0)
    assert engine.alone.probabilities(SEEN).shape == (1, 40)


def opened(folder):
    """Let everyone write, as in a cache that several users share."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)


def test_folders_of_the_cache_are_yours_alone(files, cache):
    OnnxEngine(files)
    folders = [path for path in (cache, *cache.rglob("*")) if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_a_conversion_that_others_may_have_written_is_made_anew(files, cache):
    """Someone swaps the arrays, and corrects the list of digests: only the owner tells."""
    expected = OnnxEngine(files).probabilities(SEEN)
    (folder,) = derived(cache)
    data = folder / "model.data"
    data.write_bytes(data.read_bytes()[::-1])
    digests = folder / "digests"
    rows = [line.split() for line in digests.read_text().splitlines()]
    digest = hashlib.md5(data.read_bytes()).hexdigest()
    rows = [(name, digest if name == data.name else old) for name, old in rows]
    digests.write_text("".join(f"{' '.join(row)}\n" for row in rows))
    opened(cache)
    with pytest.warns(UserWarning, match=r"others may write to .*derived.*converted anew"):
        engine = OnnxEngine(files)
    np.testing.assert_array_equal(engine.probabilities(SEEN), expected)
    np.testing.assert_array_equal(OnnxEngine(files).probabilities(SEEN), expected)


def test_what_a_killed_process_left_goes(files, cache):
    code = (
        "import os, sys, geonb\n"
        "from geonb.network import sessions\n"
        "sessions.open_session = lambda *_, **__: os._exit(9)  # as kill -9 would, in the middle\n"
        "geonb.load_model(sys.argv[1])"
    )
    environment = {**os.environ, "GEONB_CACHE": str(cache)}
    run = subprocess.run([sys.executable, "-c", code, files.prefix], env=environment, check=False)
    assert run.returncode == 9
    (left,) = derived(cache)
    assert left.name.startswith(".part-")
    OnnxEngine(files)
    (made,) = derived(cache)
    assert (made / "model.onnx").is_file()


def test_a_checkpoint_that_changed_is_converted_anew(files, cache):
    before = OnnxEngine(files).probabilities(SEEN)
    write_network(files.folder, seed=5)
    assert np.abs(OnnxEngine(files).probabilities(SEEN) - before).max() > 1e-3
