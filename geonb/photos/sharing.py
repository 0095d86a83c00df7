"""Write copies of photos that hold the picture only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from geonb.errors import PhotoError
from geonb.photos import jpeg, tiff
from geonb.photos.decoding import blocks_and_packets
from geonb.photos.metadata import from_blocks
from geonb.writing import check_outputs, replacing

if TYPE_CHECKING:
    import os

    from geonb.photos.photo import Photo

_JPEG_SIDE = 65_500
"""As much as libjpeg writes."""
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
    data = photo.source
    check_outputs([Path(path)], [photo.name], overwrite=True)  # never over the photo itself
    with replacing(path) as temporary:
        if kind == "JPEG" and isinstance(data, bytes) and data.startswith(b"\xff\xd8"):
            temporary.write_bytes(_bare_jpeg(photo.name, data))
            return True
        image = photo.image()
        if kind == "JPEG" and max(image.size) > _JPEG_SIDE:
            raise PhotoError(
                f"{path}: {image.width:,} x {image.height:,} pixels, but a JPEG has at most "
                f"{_JPEG_SIDE:,} on a side; write a .png"
            )
        image.save(temporary, kind, **options)
    return False


def _bare_jpeg(name: str, file: bytes) -> bytes:
    """The JPEG's own compressed picture, with the orientation as its only EXIF."""
    blocks, packets, _ = blocks_and_packets(name, file)
    turn = from_blocks(blocks, packets).turn
    try:
        data = jpeg.bare(file)
    except PhotoError as error:
        raise PhotoError(f"{name}: {error}; no copy was written") from error
    if turn == 1:
        return data
    note = Image.Exif()
    note[tiff.ORIENTATION] = turn
    return jpeg.with_exif(data, note.tobytes())
