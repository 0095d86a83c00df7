"""Write MXNet's own files, symbol and params, without MXNet: what `load_model` reads."""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geonb.network.layers import Layer
from geonb_training.network import auxiliary

# MXNet, src/ndarray/ndarray.cc: a file of arrays, its second layout, an array on CPU 0, float32.
_LIST, _V2, _CPU, _FLOAT32 = 0x112, 0xF993FAC9, (1, 0), 0
_VERSION = 10901  # MXNet 1.9.1


def symbol_json(layers: Sequence[Layer]) -> str:
    """The network as the text of a symbol file."""
    nodes: list[dict[str, Any]] = []
    index: dict[str, int] = {}

    def add(name: str, op: str, inputs: Sequence[str], attributes: Mapping[str, str]) -> None:
        node = {"op": op, "name": name, "inputs": [[index[i], 0, 0] for i in inputs]}
        nodes.append(node | ({"attrs": dict(attributes)} if attributes else {}))
        index[name] = len(nodes) - 1

    add("data", "null", (), {})
    for layer in layers:
        label = (f"{layer.name}_label",) if layer.op == "SoftmaxOutput" else ()
        for name in (*layer.parameters, *label):
            add(name, "null", (), {})
        add(layer.name, layer.op, (*layer.inputs, *layer.parameters, *label), layer.attributes)
    whole = {
        "nodes": nodes,
        "arg_nodes": [i for i, node in enumerate(nodes) if node["op"] == "null"],
        "heads": [[len(nodes) - 1, 0, 0]],
        "attrs": {"mxnet_version": ["int", _VERSION]},
    }
    return json.dumps(whole, indent=2) + "\n"


def write_params(
    path: Path, arrays: Mapping[str, NDArray[np.float32]], layers: Sequence[Layer]
) -> None:
    """Write arrays by name as MXNet's ``nd.save``. Raises `OSError`."""
    kept = auxiliary(layers)
    with path.open("wb") as file:
        file.write(struct.pack("<QQQ", _LIST, 0, len(arrays)))
        for array in arrays.values():
            shape = array.shape
            file.write(struct.pack(f"<IiI{len(shape)}q", _V2, 0, len(shape), *shape))
            file.write(struct.pack("<iii", *_CPU, _FLOAT32))
            file.write(np.ascontiguousarray(array, "<f4").tobytes())
        file.write(struct.pack("<Q", len(arrays)))
        for name in arrays:
            text = f"{'aux' if name in kept else 'arg'}:{name}".encode()
            file.write(struct.pack("<Q", len(text)) + text)
