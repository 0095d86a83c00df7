"""A photo in a notebook: small, in words too, and without what its file tells."""

import base64
import io
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

import geonb
from geonb.errors import PhotoError
from geonb.shown.pictures import Picture
from support.displayed import shown_in_a_notebook


def embedded(html):
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])))


def test_it_is_shown_with_words_and_without_its_place():
    photo = geonb.example_photo()
    assert photo.place
    html = geonb.show_photo(photo, "A street")._repr_html_()
    assert '<img alt="A street"' in html
    image = embedded(html)
    assert image.size == photo.size
    assert not image.getexif()


def test_a_large_photo_is_shown_small():
    shown = geonb.show_photo(np.full((600, 1200, 3), 77, np.uint8), side=300)
    assert embedded(shown._repr_html_()).size == (300, 150)
    assert repr(shown) == "The photo array, 1200 x 600 pixels"


def test_the_example_brings_its_own_words():
    assert repr(geonb.show_photo(geonb.example_photo())).startswith("A drawn street between")


def test_words_are_escaped():
    shown = geonb.show_photo(geonb.example_photo(), '"><script>')
    assert "<script>" not in shown._repr_html_()


def test_what_is_no_photo_is_refused_at_once():
    with pytest.raises(PhotoError):
        geonb.show_photo(b"no photo")


def test_a_figure_is_shown_once_and_with_words():
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    shown = geonb.show_figure(figure, "A line that <rises>")
    assert '<img alt="A line that &lt;rises&gt;"' in shown._repr_html_()
    assert not plt.get_fignums(), "pyplot would show it again, without words"


def test_a_notebook_draws_a_picture_once_and_saves_it_once():
    """As a PNG, which GitHub and paper show too; its words stand below as HTML."""
    drawn = []

    def figure():
        drawn.append(Figure())  # pyplot's first one would look for the real IPython
        return drawn[-1]

    outputs = shown_in_a_notebook(Picture(figure, "Blue & red", "the text", "<p>the words</p>"))
    assert len(drawn) == 1
    assert [name for data, _ in outputs for name in data if name.startswith("image/")] == [
        "image/png"
    ]
    assert not any("data:image" in data.get("text/html", "") for data, _ in outputs)
    assert outputs[0][1] == {"image/png": {"alt": "Blue & red"}}
    assert "Blue &amp; red" in outputs[1][0]["text/html"]
    assert "<p>the words</p>" in outputs[1][0]["text/html"]
    assert outputs[1][0]["text/plain"] == "the text"
