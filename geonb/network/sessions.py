"""Sessions of ONNX Runtime: quick to start, small, with as many threads as there are CPUs."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geonb.errors import CheckpointError, ModelError, needing
from geonb.files import md5

Device = Literal["cpu", "cuda"]
_NO_CUDA = (
    "device 'cuda' does not start; it needs a driver, and onnxruntime-gpu with CUDA and cuDNN "
    'instead of onnxruntime: pip uninstall onnxruntime; pip install "onnxruntime-gpu[cuda,cudnn]"'
)
_NUMBERS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


def runtime() -> Any:
    """The module onnxruntime, which not every platform has. Raises `MissingDependencyError`."""
    purpose = 'the engine onnxruntime (engine="reference" is slow, and does without it)'
    with needing(purpose, "onnxruntime"):
        import onnxruntime
    return onnxruntime


def open_session(  # noqa: PLR0913 - each of them is a choice of its own
    path: Path,
    *,
    device: Device = "cpu",
    threads: int = 0,
    optimised: bool = False,
    prepack: bool = False,
    target: Path | None = None,
    name: object = "",
) -> Any:
    """Load an ONNX file, made of the file ``name``, with as many threads as there are CPUs.

    ``target`` is where to write it as this processor runs it best: fused, laid out; ``optimised``
    tells that it was written so. ONNX Runtime does that at every start otherwise, and then keeps
    the arrays in memory instead of mapping them. ``prepack`` keeps copies of them in the order in
    which they are multiplied: three times as fast for int8; no faster for float32, but 30% larger.

    Raises `CheckpointError` if the file is broken, `ModelError` if the device isn't there.
    """
    onnxruntime = runtime()
    if device == "cuda" and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise ModelError(_NO_CUDA)  # or ONNX Runtime would warn, and take the CPU
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it has to say comes as an error
    options.intra_op_num_threads = threads or cpu_limit()
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = (
        levels.ORT_DISABLE_ALL if optimised else levels.ORT_ENABLE_ALL
    )
    options.add_session_config_entry("session.disable_prepacking", str(int(not prepack)))
    if target:
        options.optimized_model_filepath = str(target)
        prefix = "session.optimized_model_external_initializers"
        options.add_session_config_entry(f"{prefix}_file_name", target.with_suffix(".data").name)
        options.add_session_config_entry(f"{prefix}_min_size_in_bytes", "1024")
    providers = [*(["CUDAExecutionProvider"] if device == "cuda" else []), "CPUExecutionProvider"]
    try:
        # It would print that it tries again, if a network for the CPU is broken.
        retry = {"providers": providers, "enable_fallback": int(device != "cpu")}
        session = onnxruntime.InferenceSession(path, options, **retry)
    except _failures() as error:
        reason = str(error).rpartition("failed:")[2]
        raise CheckpointError(f"{name or path}: ONNX Runtime cannot load it ({reason})") from error
    if session.get_providers()[0] != providers[0]:
        raise ModelError(_NO_CUDA)
    return session


def _failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises for networks that are broken or ask for too much."""
    from onnxruntime.capi import onnxruntime_pybind11_state as states

    names = "Fail InvalidArgument InvalidGraph InvalidProtobuf NoSuchFile NotImplemented"
    own = (getattr(states, name) for name in [*names.split(), "RuntimeException"])
    return *own, ValueError, TypeError  # names that aren't UTF-8; numbers, texts, lists as answers


def run(
    session: Any, batch: NDArray[np.float32], name: object = "network"
) -> list[NDArray[np.float32]]:
    """What a network gives for photos, (N, 3, 224, 224): its outputs, (N, …).

    A network of others' may take one photo at a time, and half-precision numbers. Raises
    `CheckpointError`, with its ``name``, if it takes no photos, or fails.
    """
    source = session.get_inputs()[0]
    numbers = batch.astype(_NUMBERS.get(source.type, np.float32), copy=False)
    parts = np.split(numbers, len(numbers)) if source.shape[:1] == [1] else [numbers]
    try:
        found = zip(*(session.run(None, {source.name: part}) for part in parts), strict=True)
        return [np.concatenate(one).astype(np.float32, copy=False) for one in found]
    except _failures() as error:
        raise CheckpointError(f"{name}: ONNX Runtime cannot run it ({error})") from error


def cpu_limit(root: Path = Path("/")) -> int:
    """Processors that this process may use at a time, at least one.

    The least of OMP_NUM_THREADS (Ray sets it for each task), the scheduler's affinity mask, and
    the CPU quotas of its control groups, such as a container's.
    """
    # macOS and Windows have no affinity mask, and no control groups either.
    affinity = getattr(os, "sched_getaffinity", None)
    counts = [len(affinity(0)) if affinity else os.cpu_count() or 1]
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    counts += [int(wanted)] if wanted.isdecimal() else []
    return max(1, min([*counts, *_quotas(root)]))


def _quotas(root: Path) -> Iterator[int]:
    """The quotas that are set, in processors, from the process's own group up to the root."""
    try:
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8")
    except OSError:
        return
    top = root / "sys/fs/cgroup"
    group = top / groups.rpartition("0::/")[2].strip()  # a container often sees its own as root
    limits = [[folder / "cpu.max"] for folder in (group, *group.parents)]
    limits += [[top / f"cpu/cpu.cfs_{what}_us" for what in ("quota", "period")]]  # version 1
    for files in limits:
        try:
            texts = [file.read_text(encoding="utf-8") for file in files]
            quota, period = map(int, " ".join(texts).split())
        except (OSError, ValueError):  # "max 100000": none
            continue
        if quota > 0 and period > 0:
            yield -(-quota // period)  # rounded up


def cpu_kind(root: Path = Path("/")) -> str:
    """A short mark of the processor's instructions: equal marks can share an optimised file."""
    return md5(f"{platform.machine()} {_cpu_flags(root)}".encode())[:8]


def has_vnni(root: Path = Path("/")) -> bool:
    """Whether the processor is known to multiply unsigned by signed 8-bit numbers and add up."""
    return "_vnni" in _cpu_flags(root)


def _cpu_flags(root: Path) -> str:
    try:
        lines = (root / "proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        return platform.processor()
