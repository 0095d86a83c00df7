"""Failures that the user can mend: one line on stderr, and exit code 2."""

from __future__ import annotations

import errno
import io
import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from geonb.errors import GeonbError, OutputError, printable


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

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note the words of the command line, for its errors."""
        ctx.meta["geonb.words"] = list(args)
        return super().parse_args(ctx, args)

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
        except click.NoSuchOption as error:
            for word in ctx.meta["geonb.words"]:
                if word.startswith(error.option_name) and Path(word).suffix:
                    text = f"{error.message} If {word} is a file, write -- before it."
                    raise click.UsageError(text, error.ctx) from error
            raise


def complain(error: GeonbError | None) -> None:
    """Write the error's line, also beside a progress bar."""
    from tqdm.auto import tqdm

    tqdm.write(f"geonb: {printable(str(error))}", file=sys.stderr)
