"""What upload widgets hand over is a photo."""

import datetime as dt

import numpy as np
import pytest

import geonb
from geonb.errors import PhotoError
from support.pictures import encoded, picture

DATA = encoded(picture(), "PNG")


def eight(*names):
    """The value of a FileUpload of ipywidgets 8."""
    now = dt.datetime.now(dt.UTC)
    about = {"type": "image/png", "size": len(DATA), "last_modified": now}
    return tuple({"name": name, "content": memoryview(DATA), **about} for name in names)


def seven(*names):
    """The value of a FileUpload of ipywidgets 7."""
    about = {"type": "image/png", "size": len(DATA), "lastModified": 1}
    return {name: {"metadata": {"name": name, **about}, "content": DATA} for name in names}


@pytest.mark.parametrize("upload", [eight("a.png"), list(eight("a.png")), seven("a.png")])
def test_an_upload_is_a_photo(upload):
    photo = geonb.open_photo(upload)
    assert (photo.name, photo.source) == ("a.png", DATA)


def test_one_file_of_several_is_a_photo():
    assert geonb.open_photo(eight("a.png", "b.png")[1]).name == "b.png"
    assert geonb.open_photo(seven("a.png", "b.png")["b.png"]).name == "b.png"


def test_the_widget_itself_is_a_photo():
    from ipywidgets import FileUpload

    assert geonb.open_photo(FileUpload(value=eight("a.png"))).source == DATA
    with pytest.raises(PhotoError, match="the upload is empty; choose a photo first"):
        geonb.open_photo(FileUpload())


@pytest.mark.parametrize("upload", [eight("a.png", "b.png"), seven("a.png", "b.png")])
def test_several_are_named_and_several_can_be_prepared(upload):
    with pytest.raises(PhotoError, match=r"2 photos \(a.png, b.png\); open one at a time"):
        geonb.open_photo(upload)


def test_predict_takes_uploads():
    model = geonb.load_model("mini")
    plain = geonb.predict(model, DATA)
    for upload in (eight("a.png"), seven("a.png")):
        predictions = geonb.predict(model, upload)
        assert predictions.places == plain.places
    batch = geonb.preprocess(eight("a.png", "b.png"))
    np.testing.assert_array_equal(batch[0], batch[1])


@pytest.mark.parametrize(
    "value", [(), {}, ({},), {"a": 1}, ({"name": "x"},), {"a": {"content": 3.5}}]
)
def test_what_is_no_upload_is_refused(value):
    with pytest.raises(PhotoError, match="upload"):
        geonb.open_photo(value)
