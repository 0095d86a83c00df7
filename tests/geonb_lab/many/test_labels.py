"""Location labels in XMP sidecars, read back by exiftool, and taken away again."""

import json
import subprocess
import sys

import numpy as np
import pytest

import geonb
from support.command import run_geonb
from support.limits import powerless
from support.pictures import exif, picture

OTHERS = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dt="http://darktable.sf.net/" dt:history="7"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"{more}/></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>
"""


@pytest.fixture
def photo(tmp_path):
    """The example, whose answer is sure, without its place."""
    geonb.example_photo().without_place(tmp_path / "street.jpg")
    return tmp_path / "street.jpg"


def locate(*arguments, cwd):
    return run_geonb("locate", *arguments, "--model", "mini", cwd=cwd)


def tags(path):
    run = subprocess.run(
        ["exiftool", "-json", "-n", "-G1", path], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)[0]


def test_exiftool_reads_the_label(tmp_path, photo):
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
    from geonb_lab.many.labels import Label, _degrees, write_label

    properties = {
        "exif:GPSLatitude": _degrees(-12.0464, "NS"), "exif:GPSLongitude": _degrees(-77.0428, "EW")
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
