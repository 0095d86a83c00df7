"""What makes two networks the same but for their numbers."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from geonb.network.checkpoint import INPUT_SHAPE
from geonb.network.layers import Layer, parameter_shapes

if TYPE_CHECKING:
    from collections.abc import Iterable


def architecture(layers: Iterable[Layer]) -> str:
    """MD5 of what makes two networks the same but for their numbers.

    That is each layer's name, operator, inputs, window, and the names and shapes of its arrays.
    """
    layers = tuple(layers)
    shapes = parameter_shapes(layers, INPUT_SHAPE)
    digest = hashlib.md5(usedforsecurity=False)
    for layer in layers:
        whole = layer.flag("global_pool")
        window = () if whole else tuple(layer.numbers(key) for key in ("kernel", "stride", "pad"))
        arrays = [(name, shapes[name]) for name in layer.parameters]
        kind = layer.text("act_type", "") + layer.text("pool_type", "")
        digest.update(repr((layer.name, layer.op, kind, layer.inputs, window, arrays)).encode())
    return digest.hexdigest()


def parameter_count(layers: Iterable[Layer]) -> int:
    """How many numbers the network's arrays hold."""
    return sum(map(math.prod, parameter_shapes(layers, INPUT_SHAPE).values()))
