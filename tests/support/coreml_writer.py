"""Write a checkpoint in Core ML's form, as MXNet's converter (tools/coreml) made LocationNet's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from geonb.network.layers import Checkpoint, Layer


def write_coreml(checkpoint: Checkpoint, labels: list[str], path: Path) -> None:
    """Paddings become layers of their own; the last layer's name gets ``_output``."""
    logger = logging.getLogger("coremltools")
    level = logger.level
    logger.setLevel(logging.ERROR)  # off macOS, it complains that it cannot run models
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder
    from coremltools.models.utils import save_spec

    logger.setLevel(level)
    last = f"{checkpoint.layers[-1].name}_output"
    builder = NeuralNetworkBuilder(
        [("data", datatypes.Array(3, 224, 224))],
        [(last, datatypes.Array(int(checkpoint.last_dense[0].number("num_hidden", 0))))],
        mode="classifier",
    )
    for layer in checkpoint.layers:
        arrays = [checkpoint.arrays[name] for name in layer.parameters]
        name = last if layer is checkpoint.layers[-1] else layer.name
        _ADD[layer.op](builder, layer, name, list(layer.inputs), arrays)
    builder.set_class_labels(labels)
    builder.set_pre_processing_parameters(image_input_names=["data"])
    save_spec(builder.spec, str(path))


def _padded(builder: Any, layer: Layer, inputs: list[str]) -> str:
    rows, columns = layer.numbers("pad") or (0, 0)
    if (rows, columns) == (0, 0):
        return inputs[0]
    out = f"{layer.name}_pad_output"
    edges = {"left": columns, "right": columns, "top": rows, "bottom": rows}
    builder.add_padding(f"{layer.name}_pad", **edges, input_name=inputs[0], output_name=out)
    return out


def _convolution(builder: Any, layer: Layer, name: str, inputs: list[str], arrays: Any) -> None:
    weight = arrays[0].transpose(2, 3, 1, 0)
    rows, columns = layer.numbers("stride") or (1, 1)
    builder.add_convolution(
        name=name,
        kernel_channels=weight.shape[2],
        output_channels=weight.shape[3],
        height=weight.shape[0],
        width=weight.shape[1],
        stride_height=rows,
        stride_width=columns,
        border_mode="valid",
        groups=1,
        W=weight,
        b=None,
        has_bias=False,
        input_name=_padded(builder, layer, inputs),
        output_name=name,
    )


def _pooling(builder: Any, layer: Layer, name: str, inputs: list[str], _: Any) -> None:
    rows, columns = layer.numbers("kernel")
    down, right = layer.numbers("stride") or (1, 1)
    builder.add_pooling(
        name=name,
        height=rows,
        width=columns,
        stride_height=down,
        stride_width=right,
        layer_type={"max": "MAX", "avg": "AVERAGE"}[layer.text("pool_type", "max")],
        padding_type="VALID",
        exclude_pad_area=False,
        is_global=layer.flag("global_pool"),
        input_name=_padded(builder, layer, inputs),
        output_name=name,
    )


def _batch_norm(builder: Any, layer: Layer, name: str, inputs: list[str], arrays: Any) -> None:
    gamma, beta, mean, variance = arrays
    builder.add_batchnorm(
        name=name,
        channels=len(gamma),
        gamma=gamma,
        beta=beta,
        mean=mean,
        variance=variance,
        input_name=inputs[0],
        output_name=name,
        epsilon=layer.number("eps", 1e-3),
    )


def _dense(builder: Any, _layer: Layer, name: str, inputs: list[str], arrays: Any) -> None:
    weight, bias = arrays
    builder.add_inner_product(
        name=name,
        W=weight,
        b=bias,
        input_channels=weight.shape[1],
        output_channels=weight.shape[0],
        has_bias=True,
        input_name=inputs[0],
        output_name=name,
    )


_ADD: dict[str, Any] = {
    "Activation": lambda b, _, name, i, __: b.add_activation(name, "RELU", i[0], name),
    "BatchNorm": _batch_norm,
    "Convolution": _convolution,
    "Flatten": lambda b, _, name, i, __: b.add_flatten(name, 0, i[0], name),
    "FullyConnected": _dense,
    "Pooling": _pooling,
    "SoftmaxOutput": lambda b, _, name, i, __: b.add_softmax(name, i[0], name),
    "elemwise_add": lambda b, _, name, i, __: b.add_elementwise(name, i, name, "ADD"),
}
