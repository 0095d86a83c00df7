"""Broken and hostile files for every reader, each from its number alone.

``python tests/support/fuzzing.py TARGET FIRST STEP COUNT`` reads the cases FIRST, FIRST + STEP, …
below COUNT, and prints nothing but one JSON line at the end. ``… fuzzing.py SECONDS`` goes on from
a number by chance, so many seconds with each target. A case is read in bounded time and memory, or
refused with a `GeonbError` of one line; one that is not goes into the corpus.
"""

import contextlib
import hashlib
import json
import random
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import TESTS
from support.fuzz_pictures import with_right_sums
from support.fuzz_targets import TARGETS

CORPUS = TESTS / "corpus"
"""A folder for each target, with what ever broke a rule; those cases come first."""
MAX_SECONDS, MAX_BYTES = 2.0, 500e6
_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 50_000, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF]
_WORDS = [
    *(b"NaN", b"inf", b"-1", b"0", b"1e999", b"9" * 25, b"9" * 5000, b"null", b"true", b"[]"),
    *(b"{}", b"[" * 2000, b'"', b"\\", b"\n", b"\t", b",", b"\0", b"\xff", b"\xc3\xa9", b"()"),
    *(b"\xe2\x80\xae", b"\xed\xa0\x80", b"<", b"@", b"%00", b"..", b"~", b":", b"//", b" "),
]
"""What text is broken with, besides bytes."""


@cache
def fixed(name):
    """The cases of a target that are no changes: its corpus, and what was built to do harm."""
    kept = sorted(path for path in (CORPUS / name).glob("*") if path.is_file())
    return [*(path.read_bytes() for path in kept), *TARGETS[name].crafted()]


@cache
def cuts(name):
    """The shortest seed of every kind, cut everywhere: (seed, length)."""
    shortest = sorted(TARGETS[name].seeds(), key=len, reverse=True)
    kinds = {data[:3] + data[4:12]: data for data in shortest}
    return [(data, n) for data in kinds.values() for n in range(0, len(data), 1 + len(data) // 600)]


def case(name, number):
    """The bytes of one case: the fixed ones, then cuts, then changes by chance."""
    target = TARGETS[name]
    if number < len(fixed(name)):
        return fixed(name)[number]
    number -= len(fixed(name))
    # Cuts are many: of the first cases every second one is a cut.
    if number < 2 * len(cuts(name)) and number % 2:
        data, length = cuts(name)[number // 2]
        return data[:length]
    chance = random.Random(number)
    seeds = target.seeds()
    data = bytearray(chance.choice(seeds))
    changes = (_flip, _patch, _patch, _drop, _double, _splice)
    changes = (*changes, _word, _word, _word) if target.text else changes
    for _ in range(chance.choice((1, 1, 2, 4))):
        chance.choice(changes)(data, chance, seeds)
    if data.startswith(b"\x89PNG") and chance.random() < 0.7:
        return with_right_sums(bytes(data))
    return bytes(data)


def _spot(data, chance):
    """Somewhere in the file, more often near its head."""
    top = min(len(data), 128) if chance.random() < 0.6 else len(data)
    return chance.randrange(max(top, 1))


def _flip(data, chance, _):
    for _ in range(chance.randint(1, 8)):
        if data:
            data[_spot(data, chance)] ^= 1 << chance.randrange(8)


def _patch(data, chance, _):
    at, size = _spot(data, chance), chance.choice((1, 2, 4, 8))
    number = chance.choice([*_NUMBERS, chance.getrandbits(32)]) & (1 << 8 * size) - 1
    data[at : at + size] = number.to_bytes(size, chance.choice(("big", "little")))


def _word(data, chance, _):
    at, size = chance.randrange(len(data) + 1), chance.choice((0, 1, 3, 8))
    data[at : at + size] = chance.choice(_WORDS)


def _drop(data, chance, _):
    at = _spot(data, chance)
    del data[at : at + chance.choice((1, 4, 40, len(data)))]


def _double(data, chance, _):
    at = _spot(data, chance)
    data[at:at] = data[at : at + chance.choice((1, 12, 100))] * chance.choice((1, 3, 50))


def _splice(data, chance, seeds):
    other = chance.choice(seeds)
    data[_spot(data, chance) :] = other[chance.randrange(len(other)) :]


def _memory(field):
    """What Linux says of this process, in bytes: ``VmRSS`` now, ``VmHWM`` at its most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024


def _forget_peak():
    Path("/proc/self/clear_refs").write_text("5")


class Run:
    """Cases of one target, and what came of them."""

    def __init__(self, name, folder):
        from geonb.errors import GeonbError

        self.name, self.refusal = name, GeonbError
        self.read = TARGETS[name].open(Path(folder))
        with contextlib.suppress(GeonbError):
            self.read(TARGETS[name].seeds()[0])  # loads what is loaded once
        fixed(name), cuts(name)  # made now, so that their memory is not a case's
        self.tally = {"read": 0, "refused": 0}
        self.slowest, self.largest = 0.0, 0

    def one(self, number):
        """Read one case. Raises `AssertionError` if it breaks a rule."""
        data = case(self.name, number)
        try:
            self._read(data)
        except Exception as error:
            kept = CORPUS / self.name / hashlib.sha256(data).hexdigest()[:12]
            if data not in fixed(self.name):
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(data)
            raise AssertionError(f"{self.name}, case {number}, kept in {kept}") from error

    def _read(self, data):
        _forget_peak()
        before, start = _memory("VmRSS"), time.process_time()
        try:
            self.read(data)
            self.tally["read"] += 1
        except self.refusal as error:
            assert len(str(error).splitlines()) == 1, "the error has several lines"  # noqa: PT017
            self.tally["refused"] += 1
        seconds, grown = time.process_time() - start, _memory("VmHWM") - before
        assert seconds < MAX_SECONDS, f"it took {seconds:.1f} s"
        assert grown < MAX_BYTES, f"it took {grown:,} bytes"
        self.slowest, self.largest = max(self.slowest, seconds), max(self.largest, grown)


def run(name, numbers):
    """Read cases until ``numbers`` end; gives what came of them."""
    with tempfile.TemporaryDirectory() as folder:
        cases = Run(name, folder)
        for number in numbers:
            cases.one(number)
    return {**cases.tally, "slowest_s": cases.slowest, "largest_bytes": cases.largest}


def _numbers_for(seconds):
    """Numbers from anywhere, until the time is over."""
    number, end = random.randrange(10**9), time.monotonic() + seconds
    while time.monotonic() < end:
        yield number
        number += 1


if __name__ == "__main__":
    if len(sys.argv) > 2:
        first, step, count = map(int, sys.argv[2:])
        print(json.dumps(run(sys.argv[1], range(first, count, step))))  # noqa: T201
    else:
        for target in TARGETS:
            print(target, run(target, _numbers_for(float(sys.argv[1]))), flush=True)  # noqa: T201
