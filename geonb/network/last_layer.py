"""The last layer of GeoCLIP and of heads: a product and a softmax in NumPy, after the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import CheckpointError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LastLayer:
    """Turns what a network says of photos into probabilities of classes."""

    weight: NDArray[np.float32]
    """(classes, width)"""
    bias: NDArray[np.float32]
    """(classes,)"""
    source: str
    """Where it comes from, for errors."""
    scale: float = 1.0
    """What the products are multiplied by."""
    unit: bool = False
    """Whether it reads unit vectors."""

    def features(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What it reads, (N, width), from what the network gives."""
        if not self.unit:
            return values
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)

    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, width) to (N, classes)."""
        logits = np.float32(self.scale) * (self.features(values) @ self.weight.T) + self.bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def check_width(self, width: int, network: str) -> None:
        """Raise `CheckpointError` if it is not for a network that gives ``width`` features."""
        if width != self.weight.shape[1]:
            raise CheckpointError(
                f"{self.source} is for {self.weight.shape[1]} features, the network {network} "
                f"has {width}; the files are of two models"
            )
