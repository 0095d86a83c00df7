"""Predictions in every form: text, HTML, a data frame and GeoJSON."""

import json
from html.parser import HTMLParser

import pytest

import geonb
from geonb.errors import MissingDependencyError
from geonb.photos.photo import Photo
from geonb.published import TOKYO_TOWER

EVIL = "<script>alert(1)</script>&'\"\n\x1b[31m.jpg"


class Text(HTMLParser):
    """What a reader sees of a page, and the tags that it is made of."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def test_text_form(predictions):
    lines = repr(predictions).splitlines()
    assert "tiny" in lines[0]
    assert "onnxruntime" in lines[0]
    assert lines[1].split() == ["rank", "place", "probability", "latitude", "longitude"]
    best = predictions[0]
    assert lines[2].startswith(f"1     {best.town} ")
    assert lines[2].split()[-3:] == [
        f"{best.probability:.0%}",
        f"{best.place[0]:.4f}",
        f"{best.place[1]:.4f}",
    ]
    assert len({len(line) for line in lines[1:7]}) == 1
    assert lines[7] == predictions.summary


def test_html_form_is_a_table_without_the_photo(predictions):
    page = predictions._repr_html_()
    tags = Text(page).tags
    assert tags.count("tr") == 6
    assert "caption" in tags
    assert "data:image" not in page
    assert "<img" not in page


def test_names_are_escaped(model, photo):
    data = Photo(EVIL, photo)
    predictions = geonb.predict(model, data)
    page = Text(predictions._repr_html_())
    assert "script" not in page.tags
    assert EVIL in "".join(page.words)
    assert "\x1b" not in repr(predictions)
    assert len(repr(predictions).splitlines()) == 8


def test_the_note_is_shown_wherever_the_answer_is():
    predictions = geonb.predict(geonb.load_model("mini"), geonb.example_photo())
    assert "street scenes only" in repr(predictions)
    assert "street scenes only" in predictions._repr_html_()


def test_dataframe(model, photo):
    frame = geonb.predict(model, photo, truth=TOKYO_TOWER).to_dataframe()
    assert list(frame.columns) == [
        "rank",
        "probability",
        "latitude",
        "longitude",
        "token",
        "nearest_town",
        "distance_km",
    ]
    assert frame["rank"].tolist() == [1, 2, 3, 4, 5]


def test_dataframe_without_pandas(predictions, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "geonb\[table\]"'):
        predictions.to_dataframe()


def test_geojson_has_longitude_first(predictions):
    collection = json.loads(json.dumps(predictions.to_geojson()))
    assert collection["type"] == "FeatureCollection"
    for feature, prediction in zip(collection["features"], predictions, strict=True):
        assert feature["geometry"]["coordinates"] == [*reversed(prediction.place)]
        assert feature["properties"]["rank"] == prediction.rank
