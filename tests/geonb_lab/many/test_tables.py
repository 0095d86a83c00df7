"""The table of many photos: its columns, and the formats that it is written in."""

import json
from pathlib import Path

import geonb
from geonb.errors import PhotoError
from geonb_lab.many import tables
from geonb_lab.many.results import Result
from support.pictures import encoded, exif, picture, without_hemisphere


def test_a_guessed_hemisphere_is_no_truth_of_a_table():
    found = {}
    for name, block in (("whole", exif()), ("guessed", without_hemisphere())):
        predictions = geonb.predict(
            geonb.load_model("mini"), encoded(picture(), "JPEG", exif=block)
        )
        values = tables.row(Result(name, predictions), "mini", 5)
        found[name] = {values[key] is None for key in ("exif_lat", "exif_lng", "distance_km")}
    assert found == {"whole": {False}, "guessed": {True}}


def test_cells_that_a_spreadsheet_would_run_are_harmless(tmp_path):
    names = ("=cmd.jpg", "a\r=cmd|x!A0\n=2.jpg")  # the second begins lines of its own
    tables.write_table(rows(*names), tmp_path / "r.csv")
    lines = (tmp_path / "r.csv").read_bytes().replace(b"\r", b"\n").splitlines()
    assert len(lines) == 3
    assert lines[1].startswith(b"'=cmd.jpg,")
    assert not [line for line in lines if line.startswith(b"=")]


def rows(*names):
    return iter([tables.row(Result(name, error=PhotoError("gone")), "mini", 1) for name in names])


def test_geojson_has_a_point_for_each_photo_that_was_located(tmp_path):
    found = geonb.predict(geonb.load_model("mini"), geonb.example_photo())
    values = [tables.row(Result("a.jpg", found), "mini", 2), *rows("b.jpg")]
    tables.write_table(iter(values), tmp_path / "r.geojson")
    located, failed = json.loads((tmp_path / "r.geojson").read_text())["features"]
    lat, lng = found[0].place
    assert located["geometry"] == {"type": "Point", "coordinates": [lng, lat]}
    assert located["properties"] == values[0]
    assert (failed["geometry"], failed["properties"]["error"]) == (None, "gone")


def test_a_worker_gives_a_row_for_each_photo_in_their_order(tmp_path):
    for i in range(3):
        picture(96 + i).save(tmp_path / f"{i}.jpg")
    (tmp_path / "1.jpg").write_bytes(b"no picture")
    paths = [str(tmp_path / f"{i}.jpg") for i in (2, 1, 0)]
    found = tables.locate_rows(paths, model="mini", top=2)
    assert [row["photo"] for row in found] == paths
    assert [row["error"] is None for row in found] == [True, False, True]
    alone = geonb.predict(geonb.load_model("mini"), paths[0], top=2)
    assert [(found[0][f"lat_{i}"], found[0][f"lng_{i}"]) for i in (1, 2)] == list(alone.places)
    contents = [Path(path).read_bytes() for path in paths]
    assert tables.locate_rows(paths, contents, model="mini", top=2) == found
