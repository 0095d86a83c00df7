"""The engines that ONNX Runtime is compared with: the blog's MXNet, and ONNX's own in NumPy."""

import numpy as np
from numpy.typing import NDArray

from geonb.errors import ModelError, needing
from geonb.network.checkpoint import CheckpointFiles, Engine, MxnetFiles
from geonb.network.derived import derive
from geonb.network.head import HeadFiles
from geonb.network.layers import INPUT_SHAPE


class NumpyEngine(Engine):
    """ONNX's reference evaluator: slow, readable, and it runs wherever NumPy does."""

    def __init__(self, files: CheckpointFiles) -> None:
        from onnx.reference import ReferenceEvaluator

        content = f"{files.network_digest()}-plain"
        folder = derive(files.owner, content, files.write_onnx, needed=files.room)
        self._evaluator = ReferenceEvaluator(str(folder / "model.onnx"))
        shape = self._evaluator.output_types[0].tensor_type.shape
        super().__init__(files, shape.dim[1].dim_value)

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        return self._evaluator.run(None, {"data": batch})[0]


class MxnetEngine(Engine):
    """MXNet's Module, called as the blog calls it."""

    def __init__(self, files: CheckpointFiles) -> None:
        own = files.base if isinstance(files, HeadFiles) else files
        if not isinstance(own, MxnetFiles):
            raise ModelError(f"{files.paths[0]}: the engine mxnet reads MXNet's own files only")
        with needing("the engine mxnet (Python 3.11, NumPy < 1.24)", "mxnet", "mxnet"):
            try:
                import mxnet
            except OSError as error:  # a library of the system is missing, such as libgomp
                raise ModelError(
                    f"the engine mxnet cannot be loaded ({error}); install what it misses, such "
                    "as the package libgomp1, or use another engine"
                ) from error
        checkpoint = own.read()  # MXNet's own errors for files that don't fit are hard to read
        epoch = int(own.params.stem[-4:])
        symbol, arguments, auxiliary = mxnet.model.load_checkpoint(own.prefix, epoch)
        if files.last:
            features = checkpoint.last_dense[0].inputs[0]
            symbol = mxnet.sym.Flatten(symbol.get_internals()[f"{features}_output"])
        elif symbol.list_outputs() != [f"{checkpoint.layers[-1].name}_output"]:  # none of its own
            symbol = mxnet.sym.softmax(symbol, axis=1)
        self._module = mxnet.mod.Module(symbol=symbol, context=mxnet.cpu(), label_names=None)
        self._module.bind([("data", INPUT_SHAPE)], for_training=False)
        self._module.set_params(arguments, auxiliary, allow_missing=True, allow_extra=True)
        super().__init__(files, self._module.output_shapes[0][1][1])

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        import mxnet

        answers = []
        for photo in batch:  # as the blog does: Module.reshape stumbles over the label of training
            self._module.forward(mxnet.io.DataBatch([mxnet.nd.array(photo[None])]), is_train=False)
            answers.append(self._module.get_outputs()[0].asnumpy())
        return np.concatenate(answers)
