"""Photos in tar archives, laid out as webdataset's: each is opened by itself, where it lies.

An archive is read by Python's own tarfile, and only its headers. So photos of any number of
archives come in one order that the seed fixes, and nothing is unpacked.
"""

import json
import os
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geonb.errors import PhotoError, TrainingError
from geonb.files import expanded
from geonb.photos.photo import MAX_BYTES, PhotoSource, open_photo
from geonb_lab.evaluation.photo_sets import PhotoSet, make_set
from geonb_lab.evaluation.photo_tables import Entry

_MOST_JSON = 1_000_000  # bytes of a photo's JSON: it holds a place and a name
_END = 1024  # bytes of nothing at the end of every archive
_NAME = re.compile(r"(?P<shard>.+\.tar)/(?P<name>.+)#(?P<start>\d+)\+(?P<size>\d+)", re.DOTALL)


@dataclass(frozen=True)
class Member:
    """A photo inside an archive, as `open_photo` takes it.

    Attributes:
        shard: The archive.
        name: The photo's name in it.
        start: Where the photo begins, in bytes.
        size: How many bytes it has.
    """

    shard: Path
    name: str
    start: int
    size: int

    def __str__(self) -> str:
        return f"{self.shard}/{self.name}#{self.start}+{self.size}"

    def read(self, most: int = MAX_BYTES) -> bytes:
        """Some of the photo's bytes. Raises `PhotoError` if the archive is gone, or cut by now."""
        try:
            with self.shard.open("rb") as file:
                file.seek(self.start)
                data = file.read(min(self.size, most))
        except OSError as error:
            raise PhotoError(f"{self}: cannot read the archive ({error.strerror})") from error
        if len(data) < min(self.size, most):
            raise PhotoError(f"{self}: the archive ends in the middle of it; copy it again")
        return data


def source(photo: str) -> PhotoSource:
    """What `open_photo` takes for the name of a photo, in an archive or not."""
    if not (found := _NAME.fullmatch(photo)):
        return photo
    return Member(Path(found["shard"]), found["name"], int(found["start"]), int(found["size"]))  # type: ignore[return-value]


def find_shards(place: str | os.PathLike[str]) -> list[Path]:
    """The archives: ``place`` itself if it ends with .tar, or those of a folder; perhaps none."""
    path = expanded(place)
    return [path] if path.suffix == ".tar" else sorted(path.glob("*.tar")) if path.is_dir() else []


def read_shards(shards: list[Path], name: str) -> PhotoSet:
    """The photos of archives: ``KEY.jpg`` and its place in ``KEY.json``, or else in its EXIF.

    The JSON has ``lat``, ``lng`` and perhaps ``photographer``. Raises `TrainingError` for an
    archive that is cut off, and `EvaluationError` if no photo has a place.
    """
    skipped: Counter[str] = Counter()
    return make_set(name, (row for shard in shards for row in _entries(shard, skipped)), skipped)


def _entries(shard: Path, skipped: Counter[str]) -> Iterator[Entry]:
    told: dict[str, Entry] = {}
    photos: list[Member] = []
    try:
        with tarfile.open(shard, "r:") as archive:  # uncompressed: only so is a photo found alone
            for item in archive:
                key, _, ending = item.name.rpartition(".")
                if item.issparse():  # it may say any size, and lies in pieces
                    skipped["are sparse"] += 1
                elif not item.isfile():
                    continue
                elif ending == "json":
                    told[key] = _told(archive, item)
                elif ending.lower() in {"jpg", "jpeg", "png", "webp"}:
                    photos.append(Member(shard, item.name, item.offset_data, item.size))
        with shard.open("rb") as file:
            file.seek(-_END, os.SEEK_END)
            if any(file.read()):
                raise tarfile.ReadError("it has no end")
    except (tarfile.TarError, OSError) as error:
        raise TrainingError(
            f"{shard}: cut off, or no uncompressed tar archive ({error}); {len(photos)} of its "
            "photos come before that. Copy it again, or take it out of the folder"
        ) from error
    for photo in photos:
        try:
            entry = told.get(photo.name.rpartition(".")[0]) or _exif(photo)
        except PhotoError:
            skipped["cannot be opened"] += 1
            continue
        yield Entry(str(photo), entry.place, entry.photographer)


def _told(archive: tarfile.TarFile, item: tarfile.TarInfo) -> Entry:
    file = archive.extractfile(item)
    assert file
    try:
        if item.size > _MOST_JSON:
            raise ValueError(f"{item.size:,} bytes")  # noqa: TRY301 - told as all else that's wrong
        told = json.loads(file.read())
        place = (float(told["lat"]), float(told["lng"]))
        return Entry(item.name, place, str(told.get("photographer", "")))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{archive.name!s}: {item.name} has no lat and lng ({error!r}); write it again"
        ) from error


def _exif(member: Member) -> Entry:
    photo = open_photo(member)  # type: ignore[arg-type]
    return Entry(str(member), photo.sure_place, photo.artist)
