"""The segments of a JPEG: found in any bytes, and in bounded time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import geonb
from geonb.errors import PhotoError
from geonb.photos import jpeg
from support.pictures import PLACE, encoded, exif, picture


@given(st.binary(max_size=200))
def test_segments_of_anything_end_or_are_refused(data):
    try:
        parts = jpeg.segments(b"\xff\xd8" + data)
    except PhotoError as error:
        assert "JPEG" in str(error)  # noqa: PT017
    else:
        assert sum(len(content) for _, content in parts) <= len(data)


def test_exif_is_found_in_the_head_of_a_file():
    data = encoded(picture(400, 300, noise=90), "JPEG", exif=exif())
    (block,) = (part for marker, part in jpeg.header(data[:2000]) if marker == jpeg.APP1)
    assert block.startswith(b"Exif")
    heads = [jpeg.header(head) for head in (data[:20], data[:50], b"", b"\x89PNG")]
    assert [[marker for marker, _ in parts] for parts in heads] == [
        [jpeg.APP0],
        [jpeg.APP0],
        [],
        [],
    ]
    plain = encoded(picture(), "JPEG")
    assert geonb.open_photo(jpeg.with_exif(plain, block)).place == pytest.approx(PLACE, abs=1e-4)


def test_exif_in_hundreds_of_parts():
    """770 parts took 17 seconds."""
    block = b"Exif\0\0" + b"\0" * 65_000
    parts = [(jpeg.APP1, block)] * 770
    data = jpeg.join([*parts, *jpeg.segments(encoded(picture(), "JPEG"))])
    start = time.monotonic()
    photo = geonb.open_photo(data)
    assert photo.place is None
    assert photo.image().size == (96, 64)
    assert time.monotonic() - start < 6


def test_the_second_block_of_exif():
    data = encoded(picture(), "JPEG")
    for second in (exif(1).tobytes(), exif(6).tobytes()):
        two = jpeg.with_exif(jpeg.with_exif(data, second), exif(1, None).tobytes())
        photo = geonb.open_photo(two)
        assert photo.place == pytest.approx(PLACE, abs=1e-4)
        assert photo.size == (96, 64), "the first block tells the orientation"
