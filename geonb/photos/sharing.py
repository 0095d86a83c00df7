"""Write copies of photos that hold the picture only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from geonb.errors import PhotoError
from geonb.photos import jpeg, metadata, tiff
from geonb.photos.decoding import blocks_and_packets
from geonb.writing import check_outputs, replacing

if TYPE_CHECKING:
    from geonb.photos.photo import Photo

_JPEG_SIDE = 65_500
"""As much as libjpeg writes."""


def write_without_place(photo: Photo, path: str | os.PathLike[str]) -> bool:
    """See `Photo.without_place`."""
    ending = Path(path).suffix.lower()
    if ending not in {".jpg", ".jpeg", ".png"}:
        raise PhotoError(f"{path}: a copy is written as .jpg or .png, not {ending or 'that'!r}")
    data = photo.source
    check_outputs(
        [Path(path)], [photo.path or photo.name], overwrite=True
    )  # never over the photo itself
    with replacing(path) as temporary:
        if ending != ".png" and isinstance(data, bytes) and data.startswith(b"\xff\xd8"):
            temporary.write_bytes(_bare_jpeg(photo.name, data))
            return True
        image = photo.image()
        if ending != ".png" and max(image.size) > _JPEG_SIDE:
            raise PhotoError(
                f"{path}: {image.width:,} x {image.height:,} pixels, but a JPEG has at most "
                f"{_JPEG_SIDE:,} on a side; write a .png"
            )
        image.save(temporary, "PNG" if ending == ".png" else "JPEG", quality=95)  # of JPEG
    return False


def _bare_jpeg(name: str, file: bytes) -> bytes:
    """The JPEG's own compressed picture, with the orientation as its only EXIF."""
    blocks, packets, _ = blocks_and_packets(name, file)
    note = Image.Exif()
    note[tiff.ORIENTATION] = metadata.read(blocks, packets).turn
    try:
        data = jpeg.bare(file)
    except PhotoError as error:
        raise PhotoError(f"{name}: {error}; no copy was written") from error
    return data if note[tiff.ORIENTATION] == 1 else jpeg.with_exif(data, note.tobytes())
