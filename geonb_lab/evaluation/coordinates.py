"""Coordinates as tables write them: 35.66, 35,66, 35.66N, 35 deg 39' 30.96" N, 35,39.516N."""

from __future__ import annotations

import re
from contextlib import suppress

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_BETWEEN = " ,:;°º'\"\u2019\u201d\u2032\u2033"
"""What stands between degrees, minutes and seconds."""


def degrees(text: str, letters: str, side: str = "") -> float:
    """Decimal degrees of a coordinate; ``letters`` are those of its two sides, NS or EW.

    A number without a letter is on its ``side``, if that stands elsewhere, or keeps its sign.
    Raises `ValueError` for what is no coordinate.
    """
    plain = text.upper().replace("DEG", " ").replace("\N{MINUS SIGN}", "-").strip()
    if not side:
        with suppress(ValueError):
            return float(plain)
    sides = re.findall("[NSEW]", plain) or list(side[:1].upper())
    plain = re.sub("[NSEW]", " ", plain).strip()
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    sign, plain = (plain[0], plain[1:]) if plain[:1] in {"-", "+"} else ("", plain)
    numbers = [float(number) for number in _NUMBER.findall(plain)]
    size = sum(number / 60**i for i, number in enumerate(numbers))
    if (
        _NUMBER.sub("", plain).strip(_BETWEEN)
        or not 1 <= len(numbers) <= 3
        or max([0.0, *numbers[1:]]) >= 60
        or len(sides) > 1
        or not set(sides) <= set(letters)
        or (sign == "-" and sides == [letters[0]])
    ):
        raise ValueError(f"not a coordinate: {text:.40}")
    return -size if sign == "-" or sides == [letters[1]] else size
