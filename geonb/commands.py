"""What commands share, here and in the other packages: options, drawing, and how they fail."""

import errno
import functools
import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, get_args

import click

import geonb
from geonb.earth.within import Within
from geonb.errors import GeonbError, OutputError, printable
from geonb.model import Model
from geonb.network.opening import EngineName, Precision
from geonb.network.sessions import Device
from geonb.predictions import Predictions

FILE = click.Path(path_type=Path, dir_okay=False)
"""A file to read or to write."""


class Commands(click.Group):
    """Commands that fail in one line; other packages add theirs in the group geonb.commands."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line, on terminals too that lack some characters."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except OSError as error:  # the disk behind a > is full, or nobody reads the pipe any more
            if error.errno not in {errno.ENOSPC, errno.EPIPE, errno.EIO}:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            complain(OutputError(f"cannot write the answer to its end ({error.strerror})"))
            sys.exit(2)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of our own commands and of the others."""
        return sorted({*super().list_commands(ctx), *entry_points(group="geonb.commands").names})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command, imported only now where it is another package's."""
        others = entry_points(group="geonb.commands", name=name)
        return super().get_command(ctx, name) or next((entry.load() for entry in others), None)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a `GeonbError` ends it."""
        try:
            return super().invoke(ctx)
        except GeonbError as error:
            complain(error)
            sys.exit(2)


def complain(error: GeonbError | None) -> None:
    """Write the error's line, also beside a progress bar."""
    from tqdm.auto import tqdm

    tqdm.write(f"geonb: {printable(str(error))}", file=sys.stderr)


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


def load(source: str | None = None, **chosen: Any) -> Model:
    """Load a model as `load_model` does, and say on stderr if only mini is there."""
    with redirect_stdout(sys.stderr):  # what int8 costs; stdout is for the answer
        model = geonb.load_model(source, **chosen)
    if model.why and model.weights and model.weights.shipped:
        click.echo(f"taking {model.name}, because {model.why}", err=True)
    return model


def read_within(_: click.Context, __: click.Parameter, text: str | None) -> Within | None:
    """A country as it stands; three or four numbers as a circle or a box."""
    try:
        numbers: Any = tuple(map(float, (text or "").split(",")))
    except ValueError:
        return text
    return numbers  # how many there are is checked later


def draw(predictions: Predictions, target: Path, region: object = None) -> None:
    """Draw the map of an answer: a page into .html, a picture into .png, .svg and .pdf."""
    if target.suffix.lower() == ".html":
        geonb.write_page(predictions, target, region=region, overwrite=True)
    else:
        geonb.show_map(predictions, provider="static").save(target, overwrite=True)
