"""The command ``geonb evaluate``: how good a model is on photos whose places are known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click

from geonb.commands import FILE, model_options
from geonb.model import Model
from geonb.writing import check_outputs
from geonb_lab.evaluation import accuracy, testsets
from geonb_lab.evaluation.guesses import guess
from geonb_lab.evaluation.photo_sets import PhotoSet, read_photos
from geonb_lab.evaluation.promises import promise_from
from geonb_lab.tabular import check_ending

_SHOWN_FAILURES = 5


@click.command()
@click.argument("photos", metavar="FOLDER|CSV", type=click.Path(path_type=Path), required=False)
@click.option("--truth", type=FILE, help="CSV of path, lat, lng; or the file of Placing 2016.")
@click.option(
    "--set",
    type=click.Choice(["photos", "im2gps", "placing2016"]),
    default="photos",
    show_default=True,
    help="Which test set the photos are.",
)
@model_options
@click.option("--ten-crops", is_flag=True, help="Average over ten crops, as most papers do.")
@click.option("--first", type=click.IntRange(1), help="Only so many photos, from the first on.")
@click.option(
    "--promise",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="COVERAGE",
    help="Learn how much a region must hold to contain the truth so often, and store it.",
)
@click.option(
    "--output",
    type=FILE,
    multiple=True,
    help="Also write .csv, .md, .txt, .html, or the plot as .png, .svg, .pdf; may be repeated.",
)
@click.option("--overwrite", is_flag=True, help="Replace files of --output that are there.")
def evaluate(
    photos: Path | None, truth: Path | None, load: Callable[[], Model], **given: Any
) -> None:
    """Measure a model on the photos of FOLDER (with their places in EXIF, or --truth) or CSV.

    IM2GPS is fetched if no FOLDER is given; Placing 2016 is fetched photo by photo without one.
    """
    asked = SimpleNamespace(**given)
    for path in asked.output:  # before the work, not after it
        check_ending(path)
    inputs = [path for path in (photos, truth) if path]
    check_outputs(asked.output, inputs, overwrite=asked.overwrite)
    photo_set = _read(photos, truth, asked.set).first(asked.first)
    check_outputs(asked.output, photo_set.photos, overwrite=asked.overwrite)
    click.echo(repr(photo_set)[1:-1], err=True)
    model = load()
    guesses = guess(model, photo_set, crops=10 if asked.ten_crops else 1)
    for line in guesses.failures[:_SHOWN_FAILURES]:
        click.echo(f"no prediction: {line}", err=True)
    if len(guesses.failures) > _SHOWN_FAILURES:
        click.echo(f"and {len(guesses.failures) - _SHOWN_FAILURES:,} more", err=True)
    if asked.promise is not None:
        learned = promise_from(guesses.before, asked.promise, photo_set.name, len(model.cells))
        assert model.folder, "load_model knows it"
        learned.save(model.folder)
        click.echo(f"stored with {model.name}: {learned}", err=True)
        guesses = replace(guesses, coverage=None)  # these photos can't judge what they taught
    result = accuracy.evaluate(guesses, photo_set)
    click.echo(result)
    if model.note:
        click.echo(f"Note: {model.note}.")
    for path in asked.output:
        result.save(path)
        click.echo(f"wrote {path}", err=True)


def _read(photos: Path | None, truth: Path | None, kind: str) -> PhotoSet:
    if kind == "im2gps":
        return testsets.im2gps(photos, truth)
    if kind == "placing2016":
        if truth is None:
            raise click.UsageError("--set placing2016 needs --truth, the file of the task")
        return testsets.placing2016(truth, photos)
    if photos is None:
        raise click.UsageError("name a FOLDER or CSV of photos")
    return read_photos(photos, truth)
