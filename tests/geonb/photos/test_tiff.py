"""Directories of TIFF: read in every order of bytes, and bounded whatever they promise."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geonb.photos import tiff
from support.pictures import encoded, exif, picture

STARTS = [b"II*\0", b"II\0*", b"II+\0", b"MM\0*", b"MM*\0", b"MM\0+"]
"""Two are odd software's; those with a + are BigTIFF's."""


def order_of(start):
    return "<" if start.startswith(b"II") else ">"


def block(start, *rows, data=b""):
    """A block with one directory of (tag, type, count, value) rows, and ``data`` behind it."""
    order = order_of(start)
    if b"+" in start:
        head = start + struct.pack(order + "HHQQ", 8, 0, 16, len(rows))
        return head + b"".join(struct.pack(order + "HHQQ", *row) for row in rows) + data
    head = start + struct.pack(order + "LH", 8, len(rows))
    return head + b"".join(struct.pack(order + "HHLL", *row) for row in rows) + bytes(4) + data


@pytest.mark.parametrize("start", STARTS)
def test_numbers_are_read_in_every_order_of_bytes(start):
    end = len(block(start, (0, 0, 0, 0), (0, 0, 0, 0)))
    fractions = struct.pack(order_of(start) + "LLLLLL", 35, 1, 1, 2, 1, 0)
    whole = 16 if b"+" in start else 4  # numbers that fill the field of a value
    found = tiff.directory(block(start, (9, whole, 1, 70_000), (2, 5, 3, end), data=fractions))
    assert found[9].numbers == [70_000]
    assert found[2].numbers[:2] == [35.0, 0.5]
    assert math.isnan(found[2].numbers[2]), "nothing was divided by zero"


@pytest.mark.parametrize("options", [{}, {"big_tiff": True}])
def test_what_pillow_wrote_is_read_back(options):
    more = {"tiffinfo": {tiff.ARTIST: "Anna"}, "resolution": 72}
    found = tiff.directory(encoded(picture(), "TIFF", **more, **options))
    assert [found[tag].numbers for tag in (256, 257, 258, 282)] == [[96], [64], [8] * 3, [72]]
    assert found[tiff.ARTIST].text == "Anna"
    assert found[tiff.ARTIST].numbers == []


def test_the_first_tag_of_a_number_counts_and_types_that_nobody_knows_are_left_out():
    found = tiff.directory(block(b"II*\0", (1, 4, 1, 5), (1, 4, 1, 6), (2, 99, 1, 7)))
    assert {tag: value.numbers for tag, value in found.items()} == {1: [5]}


def test_a_count_without_end_is_cut():
    rows = (1, 3, 2**32 - 1, 38), (2, 2, 2**32 - 1, 38)
    found = tiff.directory(block(b"II*\0", *rows, data=b"x" * 9999))
    assert found[1].numbers == [0x7878] * 256
    assert found[2].text == "x" * 1000


def test_text_ends_at_a_zero_and_may_be_no_utf8():
    data = "Öa".encode() + b"\xff \0rest"
    found = tiff.directory(block(b"II*\0", (2, 2, 9, 26), data=data))
    assert found[2].text == "Öa\ufffd"


@given(st.sampled_from(STARTS), st.binary(max_size=300))
def test_tags_of_anything_are_read_or_refused(start, data):
    try:
        found = tiff.directory(start + data)
    except ValueError:
        assert len(data) < 12
    else:
        for tag in found.values():
            assert len(tag.data) <= len(data) + 4
            assert len(tag.numbers) <= 256
            assert len(tag.text) <= 1000


@pytest.mark.parametrize("data", [b"", b"II*\0", b"\xff\xd8\xff\xe0" + bytes(99)])
def test_what_is_no_tiff_is_refused(data):
    with pytest.raises(ValueError, match="no block of TIFF, or cut off"):
        tiff.directory(data)


def test_the_first_block_that_tells_an_orientation_counts():
    eight, six = (block(b"MM\0*", (274, 3, 1, turn << 16)) for turn in (8, 6))
    odd = [block(b"II*\0", (274, 3, 1, turn)) for turn in (0, 9)]
    assert tiff.turn([b"", *odd, eight, six]) == 8
    assert tiff.turn([six, eight]) == 6
    assert tiff.turn(odd) == tiff.turn([]) == 0


def test_an_upright_block_tells_all_else():
    turned, straight = (exif(turn).tobytes()[6:] for turn in (6, 1))
    assert tiff.upright(turned) == straight
    assert tiff.upright(b"no TIFF") == b"no TIFF"
