"""Sessions of ONNX Runtime: made quick to start and small, on the CPU or on a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from geonb.errors import CheckpointError, ModelError
from geonb.network.cpus import cpu_limit

if TYPE_CHECKING:
    from pathlib import Path

Device = Literal["cpu", "cuda"]
_MAPPED_BYTES = 1024  # smaller arrays stay in the graph


def open_session(
    path: Path, device: Device = "cpu", *, optimised: bool = True, packed: bool = False
) -> Any:
    """Open an ONNX file; one that `optimise` has written (``optimised``) is mapped as it lies.

    ``packed`` keeps copies of the arrays in memory, in the order in which they are multiplied:
    three times as fast for int8; no faster for float32, but 30 % larger.

    Raises `CheckpointError` where the file is broken, `ModelError` where the device is not there.
    """
    import onnxruntime

    options = _options(packed=packed)
    if optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = _start(path, options, device)
    if device == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise ModelError(
            "device 'cuda': onnxruntime-gpu is installed, but its CUDA provider does not start; "
            'it needs CUDA and cuDNN: pip install "onnxruntime-gpu[cuda,cudnn]", and a driver'
        )
    return session


def optimise(source: Path, target: Path, *, basic: bool = False) -> None:
    """Write ``source`` as this processor runs it best: layers fused, arrays laid out for it.

    ONNX Runtime does this at every start otherwise, and then keeps the arrays in memory instead
    of mapping them. ``basic`` only fuses layers, which holds for every processor.
    """
    import onnxruntime

    options = _options()
    options.optimized_model_filepath = str(target)
    if basic:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    prefix = "session.optimized_model_external_initializers"
    options.add_session_config_entry(f"{prefix}_file_name", target.with_suffix(".data").name)
    options.add_session_config_entry(f"{prefix}_min_size_in_bytes", str(_MAPPED_BYTES))
    _start(source, options, "cpu")


def check_device(device: Device) -> None:
    """Raise `ModelError` where the device cannot be used; the text says what is missing."""
    import onnxruntime

    if device not in {"cpu", "cuda"}:
        raise ModelError(f"no device {device!r}; the devices are cpu and cuda")
    if device == "cuda" and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise ModelError(
            "device 'cuda' needs the package onnxruntime-gpu in the place of onnxruntime: "
            'pip uninstall onnxruntime; pip install "onnxruntime-gpu[cuda,cudnn]"'
        )


def _options(*, packed: bool = False) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it has to say comes as an error
    options.intra_op_num_threads = cpu_limit()
    options.add_session_config_entry("session.disable_prepacking", str(int(not packed)))
    return options


def _start(path: Path, options: Any, device: Device) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as states

    broken = (
        states.Fail,
        states.InvalidArgument,
        states.InvalidGraph,
        states.InvalidProtobuf,
        states.NoSuchFile,
        states.RuntimeException,
    )
    providers = ["CUDAExecutionProvider"] if device == "cuda" else []
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=[*providers, "CPUExecutionProvider"]
        )
    except broken as error:
        raise CheckpointError(f"{path}: ONNX Runtime cannot load it ({error})") from error
