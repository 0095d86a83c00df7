"""Write copies of photos that hold the picture only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from geonb.errors import PhotoError
from geonb.photos import jpeg, tiff
from geonb.writing import check_outputs, replacing

if TYPE_CHECKING:
    from geonb.photos.photo import Photo

_JPEG_SIDE = 65_500
"""As much as libjpeg writes."""


def write_without_place(photo: Photo, path: str | os.PathLike[str], turn: int) -> bool:
    """See `Photo.without_place`; ``turn`` is the photo's orientation."""
    ending = Path(path).suffix.lower()
    if ending not in {".jpg", ".jpeg", ".png"}:
        raise PhotoError(f"{path}: a copy is written as .jpg or .png, not {ending or 'that'!r}")
    data = photo.source
    check_outputs([Path(path)], [photo.path or photo.name], overwrite=True)  # never over itself
    with replacing(path) as temporary:
        if ending != ".png" and isinstance(data, bytes) and data.startswith(b"\xff\xd8"):
            temporary.write_bytes(_bare_jpeg(photo.name, data, turn))
            return True
        image = photo.image()
        if ending != ".png" and max(image.size) > _JPEG_SIDE:
            raise PhotoError(
                f"{path}: {image.width:,} x {image.height:,} pixels, but a JPEG has at most "
                f"{_JPEG_SIDE:,} on a side; write a .png"
            )
        image.save(temporary, "PNG" if ending == ".png" else "JPEG", quality=95)  # of JPEG
    return False


def _bare_jpeg(name: str, file: bytes, turn: int) -> bytes:
    """The JPEG's own compressed picture, with the orientation as its only EXIF."""
    try:
        data = jpeg.bare(file)
    except PhotoError as error:
        raise PhotoError(f"{name}: {error}; no copy was written") from error
    note = Image.Exif()
    note[tiff.ORIENTATION] = turn
    return data if turn == 1 else jpeg.with_exif(data, note.tobytes())
