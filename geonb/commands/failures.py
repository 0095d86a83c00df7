"""Failures of the user's making: one line on stderr, and exit code 2."""

from __future__ import annotations

import sys
from typing import Any

import click

from geonb.errors import GeonbError, printable


class Commands(click.Group):
    """Commands that fail in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a `GeonbError` ends it."""
        try:
            return super().invoke(ctx)
        except GeonbError as error:
            complain(error)
            sys.exit(2)


def complain(error: GeonbError) -> None:
    """Write the error's line."""
    click.echo(f"geonb: {printable(str(error))}", err=True)
