"""Pictures to break, and pictures that were built to do harm."""

import random
import struct
import zlib
from functools import cache
from itertools import product

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from geonb.photos import jpeg
from support.pictures import encoded, exif, picture


@cache
def seeds():
    """Small good pictures of every format and its main variants."""
    small, profile = picture(24, 16), ImageCms.createProfile("sRGB")
    icc = ImageCms.ImageCmsProfile(profile).tobytes()
    both = {"save_all": True, "append_images": [picture(24, 16, noise=50)]}
    deep = Image.fromarray(np.arange(384, dtype=np.uint16).reshape(16, 24) * 100)
    clear = small.convert("RGBA")
    clear.putalpha(90)
    jpeg = [{}, {"progressive": True}, {"exif": exif(6)}, {"icc_profile": icc}, {"quality": 5}]
    png = [{}, {"exif": exif(6)}, {"icc_profile": icc}, both]
    webp = [{}, {"lossless": True}, {"exif": exif(6)}, both]
    tiff = [{"compression": c} for c in (None, "tiff_lzw", "tiff_deflate", "packbits", "jpeg")]
    tiff += [both, {"exif": exif(6)}]
    return [
        *(encoded(small, "JPEG", **options) for options in jpeg),
        encoded(small.convert("L"), "JPEG"),
        encoded(small.convert("CMYK"), "JPEG"),
        *(encoded(small, "PNG", **options) for options in png),
        *(encoded(image, "PNG") for image in (small.quantize(8), clear, deep, small.convert("1"))),
        *(encoded(small, "WEBP", **options) for options in webp),
        encoded(clear, "WEBP"),
        *(encoded(small, "GIF", **options) for options in ({}, both)),
        *(encoded(small, "TIFF", **options) for options in tiff),
        *(encoded(image, "TIFF") for image in (deep, clear, small.convert("1"))),
        *(encoded(image, "BMP") for image in (small, small.quantize(8), small.convert("1"))),
        encoded(small, "MPO", **both),
        *(encoded(small, "AVIF", **options) for options in ({}, {"exif": exif(6)}, both)),
        *(encoded(small, "HEIC", **options) for options in ({}, {"exif": exif(6)})),
    ]


@cache
def crafted():
    """Pictures that were built to do harm."""
    tiff = encoded(picture(24, 16), "TIFF")
    first = struct.unpack("<I", tiff[4:8])[0]
    link = first + 2 + 12 * struct.unpack("<H", tiff[first : first + 2])[0]
    endless = tiff[:link] + struct.pack("<I", first) + tiff[link + 4 :]
    bomb = zlib.compress(b"\0" * 200_000_000, 9)
    texts = PngImagePlugin.PngInfo()
    for i in range(2000):
        texts.add_text(f"k{i}", "x" * 2000, zip=True)
    png = encoded(picture(24, 16), "PNG")
    noise = random.Random(0).randbytes(3_000_000)
    block = exif(6).tobytes()
    pointer = struct.pack(">I", 8)  # of the GPS block: back to the block that it hangs on
    recursive = Image.Exif()
    recursive.load(block)
    return [
        endless,
        tiff + b"".join(_page(len(tiff), i) for i in range(5000)),
        *(_with_chunk(png, kind + b"x\0\0" + bomb) for kind in (b"iCCP", b"zTXt")),
        _with_chunk(png, b"iTXtx\0\1\0\0\0" + bomb),
        _with_chunk(png, b"eXIf" + noise),
        _with_chunk(png[:8] + _patched_header(png, 50_000)[8:], b"tEXtx\0y"),
        _patched_header(png, 50_000),
        _patched_header(png, 7_000),
        encoded(picture(24, 16), "PNG", pnginfo=texts),
        encoded(picture(24, 16), "JPEG", icc_profile=noise),
        encoded(picture(24, 16), "JPEG", exif=block.replace(block[-40:-36], pointer)),
        encoded(Image.new("1", (7000, 7000)), "PNG"),
        encoded(Image.new("P", (7000, 7000)), "GIF"),
        encoded(Image.new("RGBA", (7000, 7000)), "PNG"),
        encoded(Image.new("L", (12_000, 9_000)), "JPEG"),
        encoded(Image.new("L", (12_000, 9_000)), "JPEG", progressive=True),
        many_scans(Image.new("L", (6000, 6000)), 4000),
        many_scans(Image.new("L", (4000, 4000)), 90),
        b"\0",
        b"\0" * 100_000,
        b"\xff\xd8\xff" * 30_000,
        b"\xff\xd8" + b"\xff\xe1\xff\xff" * 30_000,
        b"II*\0" * 30_000,
        b"GIF89a" * 10_000,
        b"RIFF\xff\xff\xff\xffWEBPVP8X" * 1000,
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" * 1000,
        b"\0\0\0\x1cftypavif\0\0\0\0mif1avif" * 1000,
    ]


_KINDS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "MPO", "AVIF", "HEIC")
_WIDTH, _HEIGHT = 233, 97
_SIDES = (0, 1, 7000, 50_000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


@cache
def odd_sizes():
    """Small good pictures of every format, of a size that its header has nothing else of."""
    return [encoded(picture(_WIDTH, _HEIGHT), kind) for kind in _KINDS]


@cache
def other_sizes():
    """Each of them, with another number wherever its width or height stands in the header."""
    found = []
    for data in odd_sizes():
        for side, order, size in product((_WIDTH, _HEIGHT), ("big", "little"), (2, 4)):
            word, at = side.to_bytes(size, order), -1
            while 0 <= (at := data.find(word, at + 1)) < max(400, len(data) - 400):
                for other in _SIDES:
                    number = (other & (1 << 8 * size) - 1).to_bytes(size, order)
                    found.append(data[:at] + number + data[at + size :])
    return [with_right_sums(data) if data.startswith(b"\x89PNG") else data for data in found]


def many_scans(image, count):
    """A progressive JPEG whose last scan is there again and again, without its data."""
    parts = jpeg.segments(encoded(image, "JPEG", progressive=True))
    return jpeg.join([*parts, *parts[-2:-1] * count])


def _page(start, i):
    """An image directory without entries that leads to the next one."""
    return struct.pack("<HI", 0, start + 6 * (i + 1))


def _with_chunk(png, body):
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]


def _patched_header(png, side):
    return with_right_sums(png[:16] + struct.pack(">II", side, side) + png[24:])


def with_right_sums(png):
    """PNG chunks with checksums that fit, so that what was changed is looked at."""
    parts, at = [png[:8]], 8
    while at + 12 <= len(png):
        size = struct.unpack(">I", png[at : at + 4])[0]
        body = png[at + 4 : at + 8 + size]
        parts.append(png[at : at + 4] + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + size
    return b"".join(parts)
