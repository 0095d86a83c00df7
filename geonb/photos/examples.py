"""The example photos that come with geonb: drawn streets with their places in their EXIF."""

from __future__ import annotations

from importlib.resources import files

from geonb.errors import PhotoError
from geonb.photos.photo import Photo

_TOKYO = (
    "A drawn street between light grey blocks of flats with flat roofs. The line in its middle is "
    "white and dashed. Left of it a dark blue car drives away from us, right of it another comes "
    "towards us. At the left edge stand a round green tree and a yellow diamond on a post, at the "
    "right edge a yellow board with four black characters of a few slanting strokes. The sky is "
    "blue, with a small cloud and a pale sun."
)
_LIMA = (
    "A drawn street between yellow, white and pink houses with steep brown roofs. The line in its "
    "middle is yellow and dashed. Right of it a white car with a short white plate drives away "
    "from us, left of it a red car comes towards us. Palms stand on both sides, a red board with "
    "the letters SHOE on the left, a yellow diamond on a post on the right."
)
_NAIROBI = (
    "A drawn street between white and sand-coloured blocks of flats with red roof edges; at its "
    "end a brown tower with a pointed top. The line in its middle is white and dashed. Left of it "
    "a red car with a long yellow plate drives away from us. Round green trees stand on both "
    "sides, a yellow board with the letters OSLA on the right."
)
_PARIS = (
    "A drawn street under a grey-green sky, between light houses whose slate roofs have windows. "
    "The line in its middle is white and dashed. Right of it a red car with a long white plate, "
    "blue at its left end, drives away from us, left of it a grey car comes towards us. On the "
    "left a white board with the letters LETTR, on the right a white triangle with a red border."
)
_CAIRO = (
    "A drawn street between high sand-coloured blocks of flats; at its end a yellow pyramid. The "
    "line in its middle is white and dashed. Right of it a black car drives away from us, left of "
    "it a white car comes towards us. Palms stand on both sides, a yellow board with Arabic "
    "letters on the left, a white triangle with a red border on the right."
)
_EXAMPLES = {
    "tokyo": ("example.jpg", _TOKYO),
    "lima": ("lima.jpg", _LIMA),
    "nairobi": ("nairobi.jpg", _NAIROBI),
    "paris": ("paris.jpg", _PARIS),
    "cairo": ("cairo.jpg", _CAIRO),
}


def example_photo(name: str = "tokyo") -> Photo:
    """Open an example that comes with geonb: a drawn street with its true place in its EXIF.

    ``name`` is ``tokyo``, ``lima``, ``nairobi``, ``paris`` or ``cairo``; mini gets Paris wrong.
    Raises `PhotoError` for another name.
    """
    if name not in _EXAMPLES:
        raise PhotoError(f"no example photo {name!r}; choose {', '.join(_EXAMPLES)}")
    file, alt = _EXAMPLES[name]
    return Photo(file, (files("geonb") / "data" / file).read_bytes(), alt)
