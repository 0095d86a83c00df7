"""``geonb locate`` for many photos, and ``geonb unlabel``: a table, labels, a summary."""

from __future__ import annotations

import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType, SimpleNamespace

import click

import geonb
from geonb.commands import complain
from geonb.errors import GeonbError
from geonb.web.addresses import is_address
from geonb.writing import check_outputs
from geonb_lab.many.album import write_album
from geonb_lab.many.finding import list_photos
from geonb_lab.many.journal import journal
from geonb_lab.many.labels import Label, Removed, label_for, remove_label, write_label
from geonb_lab.many.results import Result, name_of, predict_many
from geonb_lab.many.tables import check_kind, row


def locate_many(
    asked: SimpleNamespace, named: list[str], skipped: Counter[str], labels: LabelWriter | None
) -> int:
    """Locate photos into a table and a contact sheet, and label them; the exit code.

    ``asked`` are the options of the command, and ``chosen`` those for `predict_many`. No output
    may be one of the sources or photos. Ctrl-C leaves a table of what is done; the same command
    goes on from there.
    """
    photos = list(dict.fromkeys(named))
    outputs = [path for path in (asked.out, asked.page) if path]
    if asked.out:
        check_kind(asked.out)
    # A table that is there is the journal's to judge.
    check_outputs(outputs, [*asked.sources, *photos], overwrite=True)
    check_outputs([asked.page] if asked.page else [], overwrite=asked.overwrite)
    model, chosen = asked.load(), asked.chosen
    deciding = ("top", "within", "spread_km")
    begun = {"geonb": geonb.__version__, "model": model.name, "engine": model.engine}
    begun |= {name: chosen[name] for name in deciding if chosen[name] is not None}
    failures: Counter[str] = Counter()
    with ExitStack() as stack:
        table = asked.out or Path(stack.enter_context(TemporaryDirectory()), "rows.csv")
        opened = journal(table, begun, again=asked.overwrite, resume=asked.resume)
        record = stack.enter_context(opened)
        done = set(record.done)
        rest = [photo for photo in photos if name_of(photo) not in done]
        results = _until_ctrl_c(predict_many(model, rest, **chosen))
        try:
            with closing(results):
                for photo, result in zip(rest, results, strict=True):
                    if labels and result.predictions:
                        labels.write(partial(label_for, photo, result.predictions, asked.sure))
                    # After the label, so that a kill between the two costs neither.
                    record.add(row(result, model.name, chosen["top"]))
                    if result.error:  # its reason, without the photo's name and the advice
                        reason = str(result.error).removeprefix(f"{result.photo}: ")
                        failures["failed: " + re.split("[;(,]", reason)[0].strip()] += 1
        finally:
            if asked.out:
                record.write(asked.out)
            if asked.page:
                write_album(
                    record.rows(), asked.page, model.note, allow_private=chosen["allow_private"]
                )
    skipped["are named twice"] = len(named) - len(photos)
    click.echo(f"{len(photos):,} photos" + (f", {len(done):,} done before" if done else ""))
    tell({f"left out: they {what}": count for what, count in skipped.items()} | failures)
    if labels:
        tell(labels.counts)
    for path in outputs:
        click.echo(f"wrote {path}", err=True)
    return 2 if failures else 0


def tell(counts: Mapping[str, int]) -> None:
    """Print how often each thing happened, if it did."""
    for what, count in counts.items():
        if count:
            click.echo(f"{count:>9,}  {what}")


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


class LabelWriter:
    """Writes labels, or says what would be written; counts both, and why others got none."""

    def __init__(self, *, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.counts: Counter[str] = Counter()
        self.failed = 0

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


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO|FOLDER|LIST|-...")
def unlabel(photos: tuple[str, ...]) -> None:
    """Remove the labels that geonb wrote into sidecars of PHOTOs, and nothing else."""
    found, _ = list_photos(photos)
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
