"""Broken and hostile pictures, each from its number alone; and the process that opens them.

``python tests/fuzzing.py FIRST STEP COUNT`` opens the cases FIRST, FIRST + STEP, … below COUNT,
and prints nothing but one JSON line at the end; a case that breaks a rule is named in it.
"""

import json
import random
import struct
import sys
import time
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from pictures import encoded, exif, picture
from PIL import Image, ImageCms, PngImagePlugin

MAX_SECONDS, MAX_BYTES = 2.0, 500e6
_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 50_000, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF]


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


def _page(start, i):
    """An image directory without entries that leads to the next one."""
    return struct.pack("<HI", 0, start + 6 * (i + 1))


def _with_chunk(png, body):
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]


def _patched_header(png, side):
    return _with_right_sums(png[:16] + struct.pack(">II", side, side) + png[24:])


def _with_right_sums(png):
    """PNG chunks with checksums that fit, so that what was changed is looked at."""
    parts, at = [png[:8]], 8
    while at + 12 <= len(png):
        size = struct.unpack(">I", png[at : at + 4])[0]
        body = png[at + 4 : at + 8 + size]
        parts.append(png[at : at + 4] + body + struct.pack(">I", zlib.crc32(body)))
        at += 12 + size
    return b"".join(parts)


@cache
def cuts():
    """Every format's shortest seed, cut at every byte: (seed, length)."""
    kinds = {data[:3] + data[4:12]: data for data in sorted(seeds(), key=len, reverse=True)}
    return [(data, n) for data in kinds.values() for n in range(0, len(data), 1 + len(data) // 600)]


def case(number):
    """The bytes of one case: first the crafted ones, then cuts, then changes by chance."""
    if number < len(crafted()):
        return crafted()[number]
    number -= len(crafted())
    if number < len(cuts()):
        data, length = cuts()[number]
        return data[:length]
    chance = random.Random(number)
    data = bytearray(chance.choice(seeds()))
    for _ in range(chance.choice((1, 1, 2, 4))):
        chance.choice((_flip, _patch, _patch, _drop, _double, _splice))(data, chance)
    if data.startswith(b"\x89PNG") and chance.random() < 0.7:
        return _with_right_sums(bytes(data))
    return bytes(data)


def _spot(data, chance):
    """Somewhere in the file, more often near its head."""
    top = min(len(data), 128) if chance.random() < 0.6 else len(data)
    return chance.randrange(max(top, 1))


def _flip(data, chance):
    for _ in range(chance.randint(1, 8)):
        if data:
            data[_spot(data, chance)] ^= 1 << chance.randrange(8)


def _patch(data, chance):
    at, size = _spot(data, chance), chance.choice((1, 2, 4))
    number = chance.choice([*_NUMBERS, chance.getrandbits(32)]) & (1 << 8 * size) - 1
    data[at : at + size] = number.to_bytes(size, chance.choice(("big", "little")))


def _drop(data, chance):
    at = _spot(data, chance)
    del data[at : at + chance.choice((1, 4, 40, len(data)))]


def _double(data, chance):
    at = _spot(data, chance)
    data[at:at] = data[at : at + chance.choice((1, 12, 100))] * chance.choice((1, 3, 50))


def _splice(data, chance):
    other = chance.choice(seeds())
    data[_spot(data, chance) :] = other[chance.randrange(len(other)) :]


def _memory(field):
    """What Linux says of this process, in bytes: ``VmRSS`` now, ``VmHWM`` at its most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024


def _forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


def main(first, step, count):
    """Open the cases and say what came of them."""
    import geonb
    from geonb.errors import PhotoError

    model = geonb.load_model("mini")
    geonb.predict(model, seeds()[0])
    crafted(), cuts()
    tally, slowest, largest = {"predicted": 0, "refused": 0}, 0.0, 0
    for number in range(first, count, step):
        data = case(number)
        _forget_peak()
        before, start = _memory("VmRSS"), time.process_time()
        try:
            geonb.predict(model, data)
            tally["predicted"] += 1
        except PhotoError as error:
            assert len(str(error).splitlines()) == 1, number  # noqa: PT017 - no pytest here
            tally["refused"] += 1
        except BaseException as error:
            raise AssertionError(f"case {number}") from error
        seconds, grown = time.process_time() - start, _memory("VmHWM") - before
        assert seconds < MAX_SECONDS, f"case {number} took {seconds:.1f} s"
        assert grown < MAX_BYTES, f"case {number} took {grown:,} bytes"
        slowest, largest = max(slowest, seconds), max(largest, grown)
    sys.stdout.write(json.dumps({**tally, "slowest_s": slowest, "largest_bytes": largest}) + "\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
