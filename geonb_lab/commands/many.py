"""``geonb locate`` for many photos, and ``geonb unlabel``: a table, labels, a summary."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

import geonb
from geonb.commands import complain
from geonb.errors import GeonbError
from geonb.web.addresses import is_address
from geonb.writing import check_outputs
from geonb_lab.many.finding import list_photos
from geonb_lab.many.journal import Journal, journal
from geonb_lab.many.labels import Label, Removed, label_for, remove_label, write_label
from geonb_lab.many.results import name_of, predict_many
from geonb_lab.many.tables import check_kind, row
from geonb_lab.trips.confirmed import confirmed_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from types import FrameType

    from geonb.model import Model
    from geonb_lab.many.finding import Listing
    from geonb_lab.many.results import Result


@dataclass
class Outputs:
    """What a run over many photos writes: a table, a contact sheet, labels; None for none.

    ``overwrite`` lets it replace what is there, and ``resume`` go on from a journal that was begun
    elsewhere. ``sources`` name the photos: no output may be one of these.
    """

    table: Path | None
    page: Path | None
    labels: Labels | None
    overwrite: bool
    resume: bool
    sources: tuple[str, ...]

    @property
    def files(self) -> list[Path]:
        """What is written at the end."""
        return [path for path in (self.table, self.page) if path]

    def check(self, photos: Iterable[str]) -> None:
        """Raise an error before any work if something can't be written, or would be lost."""
        if self.table:
            check_kind(self.table)
        check_outputs(self.files, [*self.sources, *photos], overwrite=True)
        check_outputs([self.page] if self.page else [], overwrite=self.overwrite)

    def write(self, rows: Journal, note: str) -> None:
        """Write the table and the contact sheet."""
        from geonb_lab.many.album import write_album

        if self.table:
            rows.write(self.table)
        if self.page:
            write_album(rows.rows(), self.page, note)


def locate_many(
    found: Listing, load: Callable[[], Model], options: dict[str, Any], outputs: Outputs
) -> int:
    """Locate photos into a table, and label them; the exit code, 2 if a photo failed.

    ``options`` are those of `predict_many`. Ctrl-C leaves a table of what is done; the same
    command goes on from there.
    """
    photos = list(dict.fromkeys(found.photos))
    outputs.check(photos)
    model = load()
    begun = {"geonb": geonb.__version__, "model": model.name, "engine": model.engine}
    deciding = ("top", "within", "spread_km")
    begun |= {name: options[name] for name in deciding if options[name] is not None}
    failures: Counter[str] = Counter()
    with ExitStack() as stack:
        table = outputs.table or Path(stack.enter_context(TemporaryDirectory()), "rows.csv")
        opened = journal(table, begun, again=outputs.overwrite, resume=outputs.resume)
        rows = stack.enter_context(opened)
        done = set(rows.done)
        rest = [photo for photo in photos if name_of(photo) not in done]
        results = _until_ctrl_c(predict_many(model, rest, **options))
        try:
            with closing(results):
                for photo, result in zip(rest, results, strict=True):
                    if outputs.labels:
                        outputs.labels.add(photo, result)
                    # After the label, so that a kill between the two costs neither.
                    rows.add(row(result, model.name, options["top"]))
                    if result.error:
                        failures[_kind(result)] += 1
        finally:
            outputs.write(rows, model.note)
    found.skipped["are named twice"] = len(found.photos) - len(photos)
    counts = {f"left out: they {what}": count for what, count in found.skipped.items()} | failures
    counts |= outputs.labels.counts if outputs.labels else {}
    click.echo(f"{len(photos):,} photos" + (f", {len(done):,} done before" if done else ""))
    for what, count in counts.items():
        if count:
            click.echo(f"{count:>9,}  {what}")
    for path in outputs.files:
        click.echo(f"wrote {path}", err=True)
    return 2 if failures else 0


def _until_ctrl_c(results: Iterable[Result]) -> Generator[Result, None, None]:
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
    # In the background Ctrl-C is ignored, and stays so; other threads can't change it.
    in_main = threading.current_thread() is threading.main_thread()
    changed = in_main and before is signal.default_int_handler
    if changed:
        signal.signal(signal.SIGINT, press)
    try:
        for result in results:
            yield result
            if pressed:
                raise KeyboardInterrupt
    finally:
        if changed:
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
        self.failed = 0

    def add(self, photo: str, result: Result) -> None:
        """Label one photo, by its path."""
        if predictions := result.predictions:
            self.write(partial(label_for, photo, predictions, self.sure))

    def write(self, label: Callable[[], Label | str]) -> None:
        """Write what is called up, or say why it can't be."""
        from tqdm.auto import tqdm

        try:
            found = label()
            if isinstance(found, Label) and self.dry_run:
                tqdm.write(str(found))
            elif isinstance(found, Label):
                write_label(found)
        except GeonbError as error:
            complain(error)
            self.failed += 1
            found = "the sidecar can't be read or written"
        written = "would be written" if self.dry_run else "written"
        reason = written if isinstance(found, Label) else f"not written: {found}"
        self.counts[f"labels {reason}"] += 1


def label_confirmed(found: Listing, confirmed: Path, labels: Labels | None) -> int:
    """Label the photos that a person confirmed on a trip's page; the exit code, 2 if one failed."""
    if labels is None:
        raise click.UsageError("--confirmed needs --write-xmp or --dry-run, and no other output")
    for label in confirmed_labels(confirmed, found.photos):
        labels.write(label)
    for reason, count in labels.counts.items():
        click.echo(f"{count:>9,}  {reason}")
    return 2 if labels.failed else 0


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO|FOLDER|LIST|-...")
def unlabel(photos: tuple[str, ...]) -> None:
    """Remove the labels that geonb wrote into sidecars of PHOTOs, and nothing else."""
    found = list_photos(photos).photos
    done: Counter[Removed] = Counter()
    failed = 0
    for photo in dict.fromkeys(found):
        try:
            if not is_address(photo):
                done[remove_label(Path(photo))] += 1
        except GeonbError as error:
            complain(error)
            failed += 1
    click.echo(f"removed {done[Removed.ALL]:,} labels of {len(found):,} photos")
    if done[Removed.PART]:
        click.echo(f"and {done[Removed.PART]:,} in part: the rest was changed since, and stays")
    if failed:
        click.echo(f"{failed:,} sidecars can't be read or written, and stay as they are")
        sys.exit(2)
