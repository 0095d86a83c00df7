"""Location labels in XMP sidecars, read back by others, and taken away again."""

import os
import subprocess
import sys
from html import escape
from pathlib import Path

import numpy as np
import pytest

import geonb
from geonb.errors import GeonbError, PhotoError
from geonb_lab.many.labels import Label, Removed, in_degrees, remove_label, write_label
from support.command import run_geonb
from support.exiftool import needs_exiftool, tags
from support.limits import powerless
from support.pictures import exif, picture
from support.sidecars import BODY, EXIF, MORE, OTHERS, PLACE

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


@pytest.fixture
def photo(tmp_path):
    """The example, whose answer is sure, without its place."""
    geonb.example_photo().without_place(tmp_path / "street.jpg")
    return tmp_path / "street.jpg"


def locate(*arguments, cwd):
    return run_geonb("locate", *arguments, "--model", "mini", cwd=cwd)


def test_others_read_the_label(tmp_path, photo):
    pixels = photo.read_bytes()
    run = locate(photo, "--write-xmp", cwd=tmp_path)
    assert run.returncode == 0
    assert "1  labels written" in run.stdout
    found = tags(tmp_path / "street.jpg.xmp")
    model = geonb.load_model("mini")
    predictions = geonb.predict(model, photo)
    answer, cell = predictions.answer, model.cells.tokens.index(predictions[0].token)
    radius = np.sqrt(model.cells.areas_km2[cell] / np.pi)  # the best cell alone holds half
    assert radius > answer.half_km
    assert found["XMP-exif:GPSLatitude"] == pytest.approx(answer.place[0], abs=2e-6)
    assert found["XMP-exif:GPSLongitude"] == pytest.approx(answer.place[1], abs=2e-6)
    assert found["XMP-exif:GPSProcessingMethod"] == "estimated by geonb, mini"
    assert found["XMP-exif:GPSHPositioningError"] == pytest.approx(1000 * radius, abs=1)
    assert found["XMP-photoshop:Country"] == "Japan"
    assert photo.read_bytes() == pixels


def test_south_and_west_keep_their_signs(tmp_path, photo):
    properties = {
        "exif:GPSLatitude": in_degrees(-12.0464, "NS"),
        "exif:GPSLongitude": in_degrees(-77.0428, "EW")
    }  # fmt: skip
    write_label(Label(tmp_path / "lima.xmp", properties))
    found = tags(tmp_path / "lima.xmp")
    assert found["XMP-exif:GPSLatitude"] == pytest.approx(-12.0464, abs=2e-6)
    assert found["XMP-exif:GPSLongitude"] == pytest.approx(-77.0428, abs=2e-6)


def test_what_is_not_sure_or_has_a_place_gets_no_label(tmp_path):
    picture().save(tmp_path / "grey.jpg")
    picture().save(tmp_path / "placed.jpg", exif=exif())
    run = locate(tmp_path, "--write-xmp", "--sure", "0.999", cwd=tmp_path)
    assert "1  labels not written: has a place already" in run.stdout
    assert "1  labels not written: the answer is not sure" in run.stdout
    assert not list(tmp_path.glob("*.xmp"))


def test_a_dry_run_prints_and_writes_nothing(tmp_path, photo):
    run = locate(photo, "--dry-run", cwd=tmp_path)
    assert "exif:GPSLatitude=35," in run.stdout
    assert "1  labels would be written" in run.stdout
    assert not list(tmp_path.glob("*.xmp"))


@pytest.mark.parametrize("name", ["street.jpg.xmp", "street.xmp"])
def test_a_sidecar_of_others_keeps_what_it_holds(tmp_path, photo, name):
    before = OTHERS.format(more="")
    (tmp_path / name).write_text(before)
    assert locate(photo, "--write-xmp", cwd=tmp_path).returncode == 0
    found = tags(tmp_path / name)
    assert found["XMP-xmp:Rating"] == 4
    assert found["XMP-exif:GPSLatitude"] > 35
    assert "darktable" in (tmp_path / name).read_text()
    assert len(list(tmp_path.glob("*.xmp"))) == 1

    run = run_geonb("unlabel", photo, cwd=tmp_path)
    assert "removed 1 labels" in run.stdout
    after = tags(tmp_path / name)
    assert after["XMP-xmp:Rating"] == 4
    assert not [tag for tag in after if "GPS" in tag or "photoshop" in tag or "geonb" in tag]


def test_a_place_or_a_town_of_somebody_else_stays(tmp_path, photo):
    place = ' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="1,2.0N"'
    (tmp_path / "street.xmp").write_text(OTHERS.format(more=place))
    before = (tmp_path / "street.xmp").read_bytes()
    run = locate(photo, "--write-xmp", cwd=tmp_path)
    assert "its sidecar has a place already" in run.stdout
    assert "removed 0 labels" in run_geonb("unlabel", photo, cwd=tmp_path).stdout
    assert (tmp_path / "street.xmp").read_bytes() == before

    town = ' xmlns:p="http://ns.adobe.com/photoshop/1.0/" p:Country="Nippon"'
    (tmp_path / "street.xmp").write_text(OTHERS.format(more=town))
    assert "1  labels written" in locate(photo, "--write-xmp", cwd=tmp_path).stdout
    run_geonb("unlabel", photo, cwd=tmp_path)
    assert tags(tmp_path / "street.xmp")["XMP-photoshop:Country"] == "Nippon"


def test_unlabel_deletes_a_sidecar_that_was_geonbs_alone(tmp_path, photo):
    locate(photo, "--write-xmp", cwd=tmp_path)
    run_geonb("unlabel", tmp_path, cwd=tmp_path)
    assert not list(tmp_path.glob("*.xmp"))
    assert photo.is_file()


@pytest.mark.parametrize("content", [b"", b"<x", b"\xff\xfe\x00", b"<a>" * 1000, b"<a/>"])
def test_a_broken_sidecar_is_reported_and_left(tmp_path, photo, content):
    (tmp_path / "street.xmp").write_bytes(content)
    run = locate(photo, "--write-xmp", cwd=tmp_path)
    assert "Traceback" not in run.stderr
    assert "street.xmp: " in run.stderr
    assert "the sidecar can't be read or written" in run.stdout
    assert (tmp_path / "street.xmp").read_bytes() == content


def test_a_folder_where_nothing_may_be_written_costs_the_label_alone(tmp_path, photo):
    closed = tmp_path / "closed"
    closed.mkdir()
    photo = photo.rename(closed / photo.name)
    closed.chmod(0o500)
    command = [sys.executable, "-m", "geonb", "locate", str(closed), "--model", "mini"]
    run = subprocess.run(
        [*command, "--write-xmp", "--out", "r.csv"], cwd=tmp_path, capture_output=True, text=True,
        check=False, preexec_fn=powerless,
    )  # fmt: skip
    closed.chmod(0o700)
    assert run.returncode == 0
    assert "1  labels not written: the sidecar can't be read or written" in run.stdout
    [line] = [line for line in run.stderr.splitlines() if line.startswith("geonb: ")]
    assert f"{photo}.xmp: cannot write it (Permission denied)" in line, line
    assert str(photo) in (tmp_path / "r.csv").read_text()
    assert list(closed.iterdir()) == [photo]


def test_entities_that_grow_are_refused(tmp_path, photo):
    bomb = "<!DOCTYPE x [<!ENTITY a0 'ha'>"
    bomb += "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 12))
    (tmp_path / "street.xmp").write_text(f"{bomb}]><x>&a11;</x>")
    run = locate(photo, "--write-xmp", cwd=tmp_path)
    assert "not an XMP sidecar" in run.stderr


def correct(path, name):
    """Change a property, as a person who knows better does."""
    value = PLACE[name]
    before = path.read_text()
    path.write_text(before.replace(f'{name}="{value}"', f'{name}="{value.replace("3", "5")}"'))
    assert path.read_text() != before


@pytest.mark.parametrize("part", PLACE)
def test_a_place_that_somebody_corrected_stays(tmp_path, part):
    path = tmp_path / "a.jpg.xmp"
    write_label(Label(path, PLACE | MORE))
    correct(path, part)
    assert remove_label(tmp_path / "a.jpg") is Removed.PART
    found = tags(path)
    assert {"XMP-exif:GPSLatitude", "XMP-exif:GPSLongitude"} <= set(found)
    assert not [name for name in found if "Country" in name or "Method" in name or "geonb" in name]
    assert remove_label(tmp_path / "a.jpg") is Removed.NOTHING


@needs_exiftool
def test_a_label_that_another_program_wrote_anew_is_removed(tmp_path):
    """exiftool writes properties as elements."""
    path = tmp_path / "a.jpg.xmp"
    write_label(Label(path, PLACE | MORE))
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-XMP:Rating=3", path], check=True)
    assert "<exif:GPSLatitude>" in path.read_text()
    remove_label(tmp_path / "a.jpg")
    found = {name for name in tags(path) if name.startswith("XMP-")}
    assert found - {"XMP-x:XMPToolkit"} == {"XMP-xmp:Rating"}


def test_a_mark_that_names_what_is_not_geonbs_removes_nothing(tmp_path):
    """A sidecar from elsewhere may say anything of what geonb wrote."""
    for wrote in ('{"xmp:Rating": "4"}', "[]", "no json", "[" * 10**5, '{"exif:GPSLatitude": "9"}'):
        mark = f'xmlns:geonb="https://pypi.org/project/geonb/xmp/" geonb:wrote="{escape(wrote)}"'
        path = tmp_path / "a.jpg.xmp"
        path.write_text(BODY.replace("xmlns:xmp", f"{mark} xmlns:xmp"))
        remove_label(tmp_path / "a.jpg")
        assert tags(path)["XMP-xmp:Rating"] == 4


def test_a_sidecar_keeps_its_mode_and_a_protected_or_linked_one_stays(tmp_path):
    path = tmp_path / "a.jpg.xmp"
    path.write_text(BODY)
    path.chmod(0o600)
    write_label(Label(path, PLACE))
    assert path.stat().st_mode & 0o777 == 0o600
    remove_label(tmp_path / "a.jpg")
    path.chmod(0o400)
    before = path.read_bytes()
    with pytest.raises(GeonbError, match="write-protected"):
        write_label(Label(path, PLACE))
    link = tmp_path / "b.jpg.xmp"
    link.symlink_to(path)
    for call in (lambda: write_label(Label(link, PLACE)), lambda: remove_label(tmp_path / "b.jpg")):
        with pytest.raises(PhotoError, match=r"b\.jpg\.xmp: a link"):
            call()
    assert link.is_symlink()
    assert path.read_bytes() == before


def test_names_that_are_not_utf8_have_sidecars_of_their_own(tmp_path, photo):
    name = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    photo = photo.rename(os.fsdecode(name))
    locate(tmp_path, "--write-xmp", cwd=tmp_path)
    assert Path(os.fsdecode(name + b".xmp")).is_file()
    assert "removed 1 labels" in run_geonb("unlabel", tmp_path, cwd=tmp_path).stdout
    assert list(tmp_path.iterdir()) == [photo]


def test_unlabel_says_what_it_left(tmp_path, photo):
    for name in ("b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(photo.read_bytes())
        write_label(Label(tmp_path / f"{name}.xmp", PLACE))
    correct(tmp_path / "b.jpg.xmp", "exif:GPSLatitude")
    (tmp_path / "street.xmp").write_text("<a>")
    run = run_geonb("unlabel", tmp_path, cwd=tmp_path)
    assert run.stdout.splitlines() == [
        "removed 1 labels of 3 photos",
        "and 1 in part: the rest was changed since, and stays",
        "1 sidecars can't be read or written, and stay as they are",
    ]
    assert run.returncode == 2


PLACED = OTHERS.format(more=f' xmlns:exif="{EXIF}" exif:GPSLatitude="1,2.0N"'
                       ' exif:GPSLongitude="3,4.0E"')  # fmt: skip
TAKEOUT = '{"geoData": {"latitude": 1.5, "longitude": 2.5}}'
LAYOUTS = {
    "upper case": {"street.jpg.XMP": PLACED},
    "the second of two": {"street.jpg.xmp": OTHERS.format(more=""), "street.xmp": PLACED},
    "the first of two": {"street.jpg.xmp": PLACED, "street.xmp": OTHERS.format(more="")},
    "adobe's in upper case": {"street.XMP": PLACED},
    "takeout": {"street.jpg.json": TAKEOUT},
    "takeout anew": {"street.jpg.supplemental-metadata.json": TAKEOUT},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_guess_is_written_beside_a_true_place_whatever_holds_it(tmp_path, photo, layout):
    for name, text in LAYOUTS[layout].items():
        (tmp_path / name).write_text(text)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    run = locate(photo, "--write-xmp", cwd=tmp_path)
    assert "1  labels not written: has a place already" in run.stdout
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_guess_of_geonb_is_no_known_place_and_is_not_written_twice(tmp_path, photo):
    locate(photo, "--write-xmp", cwd=tmp_path)
    assert geonb.open_photo(photo).place is None
    run = locate(photo, "--write-xmp", cwd=tmp_path)
    assert "its sidecar has a place already" in run.stdout
    sidecar = tmp_path / "street.jpg.xmp"
    sidecar.write_text(sidecar.read_text().replace('exif:GPSLatitude="35', 'exif:GPSLatitude="36'))
    assert geonb.open_photo(photo).place[0] > 36  # somebody corrected it
