"""Checkpoints, read without the library that wrote them. Start at `checkpoint`."""

import os

# ONNX Runtime sends its makers word of how it is used, unless this is set before its first import,
# which is in this package. Whoever has set a value of their own keeps it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
