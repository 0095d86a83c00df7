"""Write copies of photos that hold the picture only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import ExifTags, Image

from geonb.errors import PhotoError
from geonb.files import replacing
from geonb.photos import jpeg
from geonb.photos.decoding import open_image, reading
from geonb.photos.pixels import orientation

if TYPE_CHECKING:
    import os

    from geonb.photos.photo import Photo

_ENDINGS = {
    ".jpg": ("JPEG", {"quality": 95}),
    ".jpeg": ("JPEG", {"quality": 95}),
    ".png": ("PNG", {}),
}


def write_without_place(photo: Photo, path: str | os.PathLike[str]) -> bool:
    """See `Photo.without_place`."""
    ending = Path(path).suffix.lower()
    if ending not in _ENDINGS:
        raise PhotoError(f"{path}: a copy is written as .jpg or .png, not {ending or 'that'!r}")
    kind, options = _ENDINGS[ending]
    same = kind == "JPEG" and isinstance(photo.source, bytes) and photo.source[:2] == b"\xff\xd8"
    with replacing(path) as temporary:
        if same:
            temporary.write_bytes(_bare_jpeg(photo))
        else:
            photo.image().save(temporary, kind, **options)
    return same


def _bare_jpeg(photo: Photo) -> bytes:
    """The JPEG's own compressed picture, with the orientation as its only EXIF."""
    if not isinstance(photo.source, bytes):
        raise PhotoError(f"{photo.name}: not a file")
    with reading(photo.name):
        turn = orientation(open_image(photo.name, photo.source))
    try:
        data = jpeg.bare(photo.source)
    except PhotoError as error:
        raise PhotoError(f"{photo.name}: {error}; no copy was written") from error
    if turn == 1:
        return data
    note = Image.Exif()
    note[ExifTags.Base.Orientation] = turn
    return jpeg.with_exif(data, note.tobytes())
