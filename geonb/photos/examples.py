"""The example photos that come with geonb: drawn streets with their places in their EXIF."""

import tomllib

from geonb.errors import PhotoError
from geonb.files import DATA
from geonb.photos.photo import Photo


def example_photo(name: str = "tokyo") -> Photo:
    """Open an example that comes with geonb: a drawn street with its true place in its EXIF.

    ``name`` is ``tokyo``, ``lima``, ``nairobi``, ``paris`` or ``cairo``; mini gets Paris wrong.
    Raises `PhotoError` for another name.
    """
    examples = tomllib.loads((DATA / "examples.toml").read_text(encoding="utf-8"))
    if name not in examples:
        raise PhotoError(f"no example photo {name!r}; choose {', '.join(examples)}")
    file, alt = examples[name].values()
    return Photo(file, (DATA / file).read_bytes(), alt)
