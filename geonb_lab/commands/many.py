"""``geonb locate`` for many photos, and ``geonb unlabel``: a table, labels, a summary."""

from __future__ import annotations

import re
import signal
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import geonb
from geonb.commands.failures import complain
from geonb.errors import GeonbError
from geonb_lab.many.finding import find_photos
from geonb_lab.many.labels import Label, label, remove_label, write_label
from geonb_lab.many.results import predict_many
from geonb_lab.many.tables import check_kind, journal, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    from geonb.model import Model
    from geonb_lab.many.results import Result


def locate_many(  # noqa: C901, PLR0913, PLR0917
    photos: list[str],
    skipped: Counter[str],
    load: Callable[[], Model],
    choices: dict[str, Any],
    out: Path | None,
    labels: Labels | None,
    page: Path | None,
    *,
    overwrite: bool,
    allow_private: bool,
) -> int:
    """Locate photos into a table, and label them; the exit code, 2 if a photo failed.

    Ctrl-C leaves a table of what is done; the same command goes on from there.
    """
    if out:
        check_kind(out)
    if twice := len(photos) - len(photos := list(dict.fromkeys(photos))):
        skipped["are named twice"] = twice
    from geonb_lab.many.album import write_album

    model = load()
    begun = {"geonb": geonb.__version__, "model": model.name, "engine": model.engine}
    begun |= {name: choice for name, choice in choices.items() if choice is not None}
    failures: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    with journal(out, begun, again=overwrite) if out else nullcontext() as table:
        done = set(table.done) if table else set()
        rest = [photo for photo in photos if photo not in done]
        try:
            results = predict_many(model, rest, allow_private=allow_private, **choices)
            for result in _until_ctrl_c(results):
                if labels:
                    labels.add(result)
                # After the label, so that a kill between the two costs neither.
                keep = table.add if table else rows.append
                keep(row(result, model.name, choices["top"]))
                if result.error:
                    failures[_kind(result)] += 1
        finally:
            if table and out:
                table.write(out)
            if page:
                write_album(table.rows() if table else rows, page, model.note)
    click.echo(f"{len(photos):,} photos" + (f", {len(done):,} done before" if done else ""))
    left_out = Counter({f"left out: they {what}": count for what, count in skipped.items()})
    for counts in (left_out, failures, labels.counts if labels else {}):
        for what, count in counts.items():
            click.echo(f"{count:>9,}  {what}")
    for path in filter(None, (out, page)):
        click.echo(f"wrote {path}", err=True)
    return 2 if failures else 0


def _until_ctrl_c(results: Iterable[Result]) -> Iterator[Result]:
    """Give results until Ctrl-C, which counts between two photos; pressed again, it counts at once.

    Python would raise it wherever it is: in a callback, where it gets lost, or in the progress
    bar, whose lock would then stay locked for ever.
    """
    pressed = False

    def press(number: int, _: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(number, before)

    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # in the background Ctrl-C is ignored, and stays so
        signal.signal(signal.SIGINT, press)
    try:
        for result in results:
            yield result
            if pressed:
                raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


def _kind(result: Result) -> str:
    """The reason of a failure, without the photo's name and the advice."""
    reason = str(result.error).removeprefix(f"{result.photo}: ")
    return "failed: " + re.split(r"[;(,]", reason, maxsplit=1)[0].strip()


class Labels:
    """Writes labels, or says what would be written; counts both, and why others got none."""

    def __init__(self, sure: float, *, dry_run: bool) -> None:
        self.sure, self.dry_run = sure, dry_run
        self.counts: Counter[str] = Counter()

    def add(self, result: Result) -> None:
        """Label one photo."""
        from tqdm.auto import tqdm

        if result.predictions is None:
            return
        try:
            found = label(result.photo, result.predictions, self.sure)
            if isinstance(found, Label):
                if self.dry_run:
                    tqdm.write(str(found))
                else:
                    write_label(found)
        except GeonbError as error:
            complain(error)
            found = "the sidecar can't be read or written"
        written = "would be written" if self.dry_run else "written"
        reason = written if isinstance(found, Label) else f"not written: {found}"
        self.counts[f"labels {reason}"] += 1


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO|FOLDER|LIST|-...")
def unlabel(photos: tuple[str, ...]) -> None:
    """Remove the labels that geonb wrote into sidecars of PHOTOs, and nothing else."""
    found, _ = find_photos(photos)
    removed = sum(remove_label(Path(photo)) for photo in found if "://" not in photo)
    click.echo(f"removed {removed:,} labels of {len(found):,} photos")
