"""The engines that ONNX Runtime is compared with: the blog's MXNet, and ONNX's own in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geonb.errors import ModelError, needing
from geonb.network.checkpoint import CheckpointFiles, MxnetFiles
from geonb.network.head import HeadFiles
from geonb.network.layers import INPUT_SHAPE

if TYPE_CHECKING:
    from numpy.typing import NDArray


class NumpyEngine:
    """ONNX's reference evaluator: slow, readable, and it runs wherever NumPy does."""

    agreement = None

    def __init__(self, files: CheckpointFiles) -> None:
        from onnx.reference import ReferenceEvaluator

        derived = files.derive("plain", files.write_onnx)
        self._evaluator = ReferenceEvaluator(str(derived.folder / "model.onnx"))
        shape = self._evaluator.output_types[0].tensor_type.shape
        self.classes = int(shape.dim[1].dim_value)

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        return self._evaluator.run(None, {"data": batch})[0]


class MxnetEngine:
    """MXNet's Module, called as the blog calls it."""

    agreement = None

    def __init__(self, files: CheckpointFiles) -> None:
        own = files.base if isinstance(files, HeadFiles) else files
        if not isinstance(own, MxnetFiles):
            raise ModelError(f"{files.paths[0]}: the engine mxnet reads MXNet's own files only")
        with needing("the engine mxnet (Python 3.11, NumPy < 1.24)", "mxnet", "mxnet"):
            import mxnet
        layers = own.read().layers  # MXNet's own errors for files that don't fit are hard to read
        self._mxnet = mxnet
        symbol, arguments, auxiliary = mxnet.model.load_checkpoint(own.prefix, own.epoch)
        if isinstance(files, HeadFiles):
            last = [layer for layer in layers if layer.op == "FullyConnected"][-1]
            features = symbol.get_internals()[f"{last.inputs[0]}_output"]
            weight, bias = map(mxnet.nd.array, files.arrays())
            arguments |= {"head_weight": weight, "head_bias": bias}
            dense = mxnet.sym.FullyConnected(features, num_hidden=len(bias), name="head")
            symbol = mxnet.sym.softmax(dense, axis=1)
        self._module = mxnet.mod.Module(symbol=symbol, context=mxnet.cpu(), label_names=None)
        self._module.bind([("data", INPUT_SHAPE)], for_training=False)
        self._module.set_params(arguments, auxiliary, allow_missing=True, allow_extra=True)
        self.classes = int(self._module.output_shapes[0][1][1])

    def probabilities(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        # Photo by photo, as the blog does: Module.reshape stumbles over the label of training.
        return np.concatenate([self._one(photo[None]) for photo in batch])

    def _one(self, photo: NDArray[np.float32]) -> NDArray[np.float32]:
        mxnet = self._mxnet
        self._module.forward(mxnet.io.DataBatch([mxnet.nd.array(photo)]), is_train=False)
        return self._module.get_outputs()[0].asnumpy()
