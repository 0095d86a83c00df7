"""The thread count follows the container's limit; the control groups here are real files."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geonb.network import sessions
from geonb.network.sessions import cpu_kind, cpu_limit, has_vnni
from support.networks import write_network

HERE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def group(root, lines, files):
    for name, text in {"proc/self/cgroup": lines, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def _eight(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


@pytest.mark.parametrize(("threads", "count"), [("2", 2), ("16", 8), ("0", 1), ("", 8), ("4,2", 8)])
@pytest.mark.usefixtures("_eight")
def test_threads_of_openmp_are_a_limit(tmp_path, monkeypatch, threads, count):
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert cpu_limit(tmp_path) == count


@pytest.mark.parametrize(
    ("quota", "count"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1)],
)
@pytest.mark.usefixtures("_eight")
def test_version_2(tmp_path, quota, count):
    root = group(tmp_path, "0::/a/b\n", {"sys/fs/cgroup/a/b/cpu.max": f"{quota}\n"})
    assert cpu_limit(root) == count


@pytest.mark.usefixtures("_eight")
def test_a_limit_of_a_group_above_counts(tmp_path):
    files = {
        "sys/fs/cgroup/a/cpu.max": "300000 100000\n",
        "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
    }
    assert cpu_limit(group(tmp_path, "0::/a/b\n", files)) == 3


@pytest.mark.usefixtures("_eight")
def test_a_container_that_sees_its_group_as_root(tmp_path):
    files = {"sys/fs/cgroup/cpu.max": "400000 100000\n"}
    assert cpu_limit(group(tmp_path, "0::/docker/abc\n", files)) == 4


@pytest.mark.parametrize(("quota", "count"), [("-1", 8), ("250000", 3)])
@pytest.mark.usefixtures("_eight")
def test_version_1_as_a_container_sees_it(tmp_path, quota, count):
    files = {
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": f"{quota}\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    }
    assert cpu_limit(group(tmp_path, "5:cpu,cpuacct:/x\n1:name=systemd:/x\n", files)) == count


@given(st.text(max_size=40))
def test_whatever_is_written_there_one_thread_is_left(tmp_path_factory, text):
    files = {"sys/fs/cgroup/cpu.max": text}
    root = group(tmp_path_factory.mktemp("root"), "0::/\n", files)
    assert 1 <= cpu_limit(root) <= HERE


def test_no_control_groups(tmp_path):
    assert cpu_limit(tmp_path) == HERE


def test_sessions_follow_it(monkeypatch, tmp_path):
    write_network(tmp_path).write_onnx(tmp_path)
    monkeypatch.setattr(sessions, "cpu_limit", lambda: 3)
    session = sessions.open_session(tmp_path / "model.onnx")
    assert session.get_session_options().intra_op_num_threads == 3


def test_kinds_of_processors_are_told_apart(tmp_path):
    kinds = set()
    for flags in ("avx2", "avx2 avx512f"):
        root = group(tmp_path, "", {"proc/cpuinfo": f"processor : 0\nflags : {flags}\n"})
        kinds.add(cpu_kind(root))
    assert len(kinds) == 2
    assert cpu_kind(root) in kinds


def test_systems_without_an_affinity_mask_count_all(monkeypatch, tmp_path):
    """macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cpu_limit(tmp_path) == 6


@pytest.mark.parametrize(
    ("flags", "known"), [("avx2 avx512_vnni fma", True), ("avx_vnni", True), ("avx2 fma", False)]
)
def test_the_instruction_for_8_bit_products(tmp_path, flags, known):
    root = group(tmp_path, "", {"proc/cpuinfo": f"model name : x\nflags : fpu {flags}\n"})
    assert has_vnni(root) == known
    assert not has_vnni(tmp_path / "elsewhere")
