"""``geonb locate FOLDER --together``."""

import io
from datetime import UTC, datetime

import pytest
from PIL import ExifTags, Image

from geonb_training.scenes.trips import drawn_trip
from support.command import run_geonb

pytestmark = pytest.mark.newest  # beside MXNet, all of it is the same


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four photos of a drawn trip with times, of which the first tells its place."""
    there = tmp_path_factory.mktemp("trip")
    trip = drawn_trip(3, photos=4)
    for i, (scene, hour) in enumerate(zip(trip.scenes(), trip.hours, strict=True)):
        exif = Image.open(io.BytesIO(scene.jpeg())).getexif() if not i else Image.Exif()
        when = datetime.fromtimestamp(1_700_000_000 + 3600 * hour, UTC)
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = (
            f"{when:%Y:%m:%d %H:%M:%S}"
        )
        scene.image.save(there / f"{i}.jpg", exif=exif)
    return there


def test_a_table_and_a_page(folder, tmp_path):
    page = tmp_path / "trip.html"
    result = run_geonb("locate", folder, "--together", "--model", "mini", "--page", page)
    assert result.returncode == 0, result.stderr
    assert "4 photos located together" in result.stdout
    assert "known (EXIF)" in result.stdout
    assert 'id="photos"' in page.read_text()


def test_a_page_never_replaces_the_track(folder, tmp_path):
    track = tmp_path / "t.gpx"
    track.write_text("<gpx/>")
    options = ("--together", "--model", "mini", "--track", track, "--page", track, "--overwrite")
    assert "t.gpx: is an input" in run_geonb("locate", folder, *options).stderr
    assert track.read_text() == "<gpx/>"


def test_a_clock_that_nobody_has_and_outputs_that_are_not_written(folder, tmp_path):
    wrong = run_geonb("locate", folder, "--together", "--model", "mini", "--clock", "Nikon=+02:00")
    assert wrong.returncode
    assert "no camera is called 'Nikon'" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    track = tmp_path / "t.gpx"
    track.write_text("mine")
    over = ("--track", track, "--page", track, "--overwrite")
    result = run_geonb("locate", folder, "--together", "--model", "mini", *over)
    assert "is an input, and writing would lose it" in result.stderr
    assert track.read_text() == "mine"
    others = (("--out", tmp_path / "t.csv"), ("--json",), ("--within", "France"), ("--top", "5"))
    for other in others:
        out = run_geonb("locate", folder, "--together", *other)
        assert "--together prints a table" in out.stderr
    alone = run_geonb("locate", folder, "--clock", "camera=+02:00")
    assert "--track and --clock need --together" in alone.stderr
