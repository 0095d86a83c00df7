"""Options that several commands share: those of `load_model`."""

from __future__ import annotations

import functools
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, get_args

import click

from geonb.network.engine import ENGINES, Precision
from geonb.network.sessions import Device

if TYPE_CHECKING:
    from collections.abc import Callable

    from geonb.model import Model

_OPTIONS = (
    click.option(
        "--model",
        "source",
        default="locationnet",
        envvar="GEONB_MODEL",
        show_default=True,
        show_envvar=True,
        metavar="NAME|FOLDER|PREFIX",
    ),
    click.option(
        "--engine", type=click.Choice(list(ENGINES)), default="onnxruntime", show_default=True
    ),
    click.option(
        "--precision",
        type=click.Choice(get_args(Precision)),
        default="float32",
        show_default=True,
        help="int8 is smaller and quicker, and answers a little differently.",
    ),
    click.option(
        "--device",
        type=click.Choice(get_args(Device)),
        default="cpu",
        show_default=True,
        help="cuda is the GPU; it needs onnxruntime-gpu.",
    ),
)


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `load_model`; its argument ``load`` then loads that model."""

    @functools.wraps(command)
    def with_load(source: str, **others: Any) -> None:
        chosen = {name: others.pop(name) for name in ("engine", "precision", "device")}
        command(load=functools.partial(_load, source, **chosen), **others)

    for option in reversed(_OPTIONS):
        option(with_load)
    return with_load


def _load(source: str, **chosen: Any) -> Model:
    from geonb.model import load_model

    with redirect_stdout(sys.stderr):  # what int8 costs; stdout is for the answer
        return load_model(source, **chosen)
