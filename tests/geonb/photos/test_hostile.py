"""What would take memory or time, never end, or end a run of many photos: refused in one line."""

import io
import subprocess
import sys
import zipfile
from os import PathLike

import numpy as np
import pytest
from PIL import Image

import geonb
import geonb_lab
from geonb.errors import PhotoError
from support.pictures import encoded, exif, picture


class Failing(io.RawIOBase):
    """A stream whose read fails."""

    def readable(self):
        return True

    def readinto(self, _buffer):
        raise ConnectionResetError("gone")


class WithoutText:
    """An object that can't be written as text."""

    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


def closed():
    file = io.BytesIO(b"x")
    file.close()
    return file


def named_oddly():
    file = io.BytesIO(b"x")
    file.name = WithoutText()
    return file


SOURCES = {
    "a stream whose read fails": (Failing, "file: cannot be read"),
    "a closed file": (closed, "file: cannot be read .*open it again"),
    "a name without text": (named_oddly, "not a picture"),
    "no width": (lambda: Image.new("RGB", (0, 5)), "a picture of 0 x 5 pixels; it is empty"),
    "12 GB": (lambda: np.broadcast_to(np.uint8(0), (40_000, 100_000, 3)), "make it smaller"),
    "no text": (WithoutText, "cannot open a WithoutText"),
    "no files": (dict, "the upload is empty"),
}


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_no_photo_is_a_photo_error(source):
    make, words = SOURCES[source]
    with pytest.raises(PhotoError, match=words) as caught:
        geonb.open_photo(make()).image()
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("path", ["/proc/kmsg", "/proc/self/mem", "/proc/version"])
def test_files_of_the_system_are_not_read(path):
    run = subprocess.run(
        [sys.executable, "-c", f"import geonb; geonb.open_photo({path!r})"],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert b"expected a photo" in run.stderr or b"no such file" in run.stderr


class OddPath(PathLike):
    """A path that has none."""

    def __fspath__(self):
        raise RuntimeError(WithoutText())


@pytest.mark.filterwarnings("ignore")
def test_a_path_without_text_ends_no_run():
    """The name for its row was asked of it again, outside what is caught."""
    model = geonb.load_model("mini")
    (found,) = geonb_lab.predict_many(model, [OddPath()], progress=False)
    assert (found.photo, str(found.error)) == ("OddPath", "OddPath: cannot read it (RuntimeError)")


@pytest.mark.filterwarnings("ignore")
def test_one_failing_stream_ends_no_run():
    data = encoded(picture(), "PNG")
    model = geonb.load_model("mini")
    found = list(geonb_lab.predict_many(model, [data, Failing(), data], progress=False))
    assert [bool(result.error) for result in found] == [False, True, False]


@pytest.mark.parametrize("mistake", [TypeError, AttributeError, NameError, KeyError, IndexError])
@pytest.mark.parametrize(
    "function",
    ["decoding.kind", "pixels.to_bytes", "metadata.degrees", "jpeg.scans", "tiff.directory"],
)
def test_a_mistake_of_ours_is_no_broken_file(monkeypatch, function, mistake):
    """It came out as "the picture is cut off or broken"."""

    def mistaken(*_arguments):
        raise mistake("ours")

    monkeypatch.setattr(f"geonb.photos.{function}", mistaken)
    deep = encoded(Image.fromarray(np.full((8, 8), 500, np.uint16)), "TIFF")
    sources = [encoded(picture(), kind, exif=exif(6)) for kind in ("JPEG", "WEBP")]
    with pytest.raises(mistake, match="ours"):  # noqa: PT012
        for photo in map(geonb.open_photo, (*sources, deep)):
            (photo.place, photo.image())


def test_objects_that_hold_a_photo(tmp_path):
    data = encoded(picture(), "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "inside/a.png")
    stream = io.BytesIO(data)
    stream.read()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, archive.open("inside/a.png") as member:
        sources = {
            "a stream that was read before": stream,
            "Colab's files.upload()": {"a.png": data},
            "a row of a data set": {"bytes": data, "path": "a.png"},
            "a row with a path": {"bytes": None, "path": str(path)},
            "a data address": "data:image/png;base64,"
            + __import__("base64").b64encode(data).decode(),
            "a member of a zip": member,
            "a path in a zip": zipfile.Path(tmp_path / "a.zip", "inside/a.png"),
        }
        for name, source in sources.items():
            assert geonb.open_photo(source).size == (96, 64), name
    assert geonb.open_photo({"a.png": data}).name == "a.png"
    assert geonb.open_photo(stream).size == (96, 64), "a third time"
    for text in ("data:image/png;base64", "data:image/png;base64,a", "data:,"):
        with pytest.raises(PhotoError):
            geonb.open_photo(text).image()
