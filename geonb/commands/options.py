"""Options that several commands share: those of `load_model`."""

from __future__ import annotations

import functools
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from geonb.network.opening import EngineName, Precision
from geonb.network.sessions import Device

if TYPE_CHECKING:
    from collections.abc import Callable

    from geonb.earth.within import Within
    from geonb.model import Model

FILE = click.Path(path_type=Path, dir_okay=False)
"""A file to read or to write."""


def choice(name: str, kinds: Any, text: str) -> Callable[[Any], Any]:
    """An option that is one of the words of a Literal, by default the first of them."""
    words = get_args(kinds)
    return click.option(
        name, type=click.Choice(words), default=words[0], show_default=True, help=text
    )


_OPTIONS = (
    click.option(
        "--model",
        "source",
        envvar="GEONB_MODEL",
        show_envvar=True,
        metavar="NAME|FOLDER|PREFIX",
        help="Without it: LocationNet if it is on this machine, else GeoCLIP, else mini.",
    ),
    choice(
        "--engine",
        EngineName,
        "The others are for comparisons: mxnet is the blog's own, reference is slow NumPy.",
    ),
    choice(
        "--precision", Precision, "int8 is smaller and quicker, and answers a little differently."
    ),
    choice("--device", Device, "cuda is the GPU; it needs onnxruntime-gpu."),
)


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `load_model`; its argument ``load`` then loads that model."""

    @functools.wraps(command)
    def with_load(source: str | None, **others: Any) -> None:
        chosen = {name: others.pop(name) for name in ("engine", "precision", "device")}
        command(load=functools.partial(load, source, **chosen), **others)

    for option in reversed(_OPTIONS):
        option(with_load)
    return with_load


def read_within(_: click.Context, __: click.Parameter, text: str | None) -> Within | None:
    """A country as it stands; three or four numbers as a circle or a box."""
    try:
        numbers: Any = tuple(map(float, (text or "").split(",")))
    except ValueError:
        return text
    return numbers  # how many there are is checked later


def load(source: str | None = None, **chosen: Any) -> Model:
    """Load a model as `load_model` does, and say on stderr if only mini is there."""
    from geonb.model import load_model

    with redirect_stdout(sys.stderr):  # what int8 costs; stdout is for the answer
        model = load_model(source, **chosen)
    if model.why and model.weights and model.weights.shipped:
        click.echo(f"taking {model.name}, because {model.why}", err=True)
    return model
