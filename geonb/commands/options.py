"""Options that several commands share."""

from __future__ import annotations

import click

from geonb.engines.engine import ENGINES

model_option = click.option(
    "--model",
    "source",
    default="locationnet",
    envvar="GEONB_MODEL",
    show_default=True,
    show_envvar=True,
    metavar="NAME|FOLDER|PREFIX",
)
engine_option = click.option(
    "--engine", type=click.Choice(list(ENGINES)), default="onnxruntime", show_default=True
)
