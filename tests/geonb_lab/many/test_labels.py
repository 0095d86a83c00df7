"""Location labels in XMP sidecars, read back by others, and taken away again."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from html import escape
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import geonb
from geonb.errors import GeonbError, PhotoError
from geonb_lab.many.labels import Label, Removed, remove_label, write_label
from support.command import run_geonb
from support.exiftool import needs_exiftool, tags
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
    from geonb_lab.many.labels import Label, in_degrees, write_label

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


PLACE = {"exif:GPSLatitude": "35,39.5160N", "exif:GPSLongitude": "139,44.7240E"}
MORE = {"exif:GPSProcessingMethod": "estimated by geonb, mini", "photoshop:Country": "Japan"}
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
EXIF, XMP = "http://ns.adobe.com/exif/1.0/", "http://ns.adobe.com/xap/1.0/"
BODY = f'<rdf:RDF {RDF}><rdf:Description rdf:about="" xmlns:xmp="{XMP}" xmp:Rating="4"/></rdf:RDF>'
# Sidecars as other programs may leave them; each has something that geonb doesn't know.
FOREIGN = {
    "comment before": f"<!-- <x:xmpmeta> a < b -->{BODY}",
    "comment after": f"{BODY}<!-- </rdf:RDF> -->",
    "instruction": f"<?other <a href='1'> ?>{BODY}<?other </b> ?>",
    "doctype": f"<!DOCTYPE rdf:RDF [<!ELEMENT a (b)>]>{BODY}",
    "declaration": f'<?xml version="1.0" encoding="UTF-8"?>\n{BODY}',
    "no description": f"<rdf:RDF {RDF}/>",
    "default namespace": BODY.replace("rdf:RDF xmlns:rdf", "RDF xmlns").replace("/rdf:", "/")
    .replace('<rdf:Description rdf:about=""', "<Description"),
    "typed node": f'<rdf:RDF {RDF} xmlns:o="urn:o"><o:Photo o:a="1"/><rdf:Description/></rdf:RDF>',
    "beside": f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><o xmlns="urn:o">1</o>{BODY}</x:xmpmeta>',
    "text": f"<rdf:RDF {RDF}>mine<rdf:Description>and mine</rdf:Description></rdf:RDF>",
    "cdata": f"<rdf:RDF {RDF}><rdf:Description><a><![CDATA[<b>&]]></a></rdf:Description></rdf:RDF>",
    "exif is another's": BODY.replace("xmlns:xmp", 'xmlns:exif="urn:o" exif:A="x" xmlns:xmp'),
    "other prefix": BODY.replace("xmlns:xmp", f'xmlns:E="{EXIF}" E:ISO="100" xmlns:xmp'),
    "in a structure": BODY.replace("/></rdf:RDF>", f'><xmp:Of><rdf:Description xmlns:exif="{EXIF}"'
    ' exif:GPSLatitude="1,2.0N"/></xmp:Of></rdf:Description></rdf:RDF>'),
}  # fmt: skip


def canonical(path):
    return ET.canonicalize(from_file=path, with_comments=True)


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_geonb_does_not_know_is_kept(tmp_path, kind):
    path = tmp_path / "a.jpg.xmp"
    path.write_text(FOREIGN[kind])
    before = canonical(path)
    write_label(Label(path, PLACE | MORE))
    [value] = [
        v
        for e in ET.parse(path).iter()
        for k, v in e.items()
        if k == f"{{{EXIF}}}GPSLatitude" and v != "1,2.0N"
    ]
    assert value in PLACE.values()
    for part in ("comment", "<?other", "<!DOCTYPE", "<![CDATA["):
        assert (part in FOREIGN[kind]) == (part in path.read_text())
    assert remove_label(tmp_path / "a.jpg") is Removed.ALL
    if kind != "no description":
        assert canonical(path) == before
    assert "geonb" not in path.read_text().replace("geonb.", "")


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace("<rdf:Desc", "<a>&#13;</a><rdf:Desc"),
        f"<!DOCTYPE a [<!ENTITY a 'b'>]>{BODY}",
        f"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/a'>{BODY}".replace("4", "&a;"),
        "<a/>",
    ],
)
def test_what_would_be_lost_is_left_as_it_is(tmp_path, body):
    path = tmp_path / "a.jpg.xmp"
    path.write_text(body)
    with pytest.raises(PhotoError, match="it is left as it is"):
        write_label(Label(path, PLACE))
    assert path.read_text() == body
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg.xmp"]


def test_a_line_break_in_a_value_is_never_lost(tmp_path):
    """Python's library writes it as a space before 3.13; then the sidecar stays as it is."""
    path = tmp_path / "a.jpg.xmp"
    path.write_text(BODY.replace('"4"', '"a&#10;b"'))
    with suppress(PhotoError):
        write_label(Label(path, PLACE))
    assert "a\nb" in {
        value for element in ET.parse(path).iter() for value in element.attrib.values()
    }


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
@pytest.mark.parametrize(
    "more",
    [
        '<rdf:Description exif:GPSLatitude="5,1.0N" exif:GPSLongitude="5,1.0E"/>',
        "<rdf:Description><exif:GPSLatitude>1,1.0N<x/></exif:GPSLatitude></rdf:Description>",
        "<rdf:Description><exif:GPSLatitude a='b'>1,1.0N</exif:GPSLatitude></rdf:Description>",
    ],
)
def test_the_same_property_of_somebody_else_stays(tmp_path, more):
    """It went with geonb's own, whatever it held."""
    (tmp_path / "a.jpg").touch()
    path = tmp_path / "a.jpg.xmp"
    write_label(Label(path, {"exif:GPSLatitude": "1,1.0N", "exif:GPSLongitude": "1,1.0E"}))
    space = 'xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    more = more.replace("<rdf:Description", f"<rdf:Description {space}")
    path.write_text(path.read_text().replace("</rdf:RDF>", f"{more}</rdf:RDF>"))
    assert remove_label(tmp_path / "a.jpg") is Removed.PART
    assert more.replace("'", '"') in path.read_text()
    assert "geonb:wrote" not in path.read_text()


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


def test_the_work_for_a_sidecar_is_bounded(tmp_path):
    path = tmp_path / "a.jpg.xmp"
    spaces = " ".join(f'xmlns:n{i}="urn:{i}" n{i}:a="1"' for i in range(8000))
    many = f"<rdf:RDF {RDF}><rdf:Description {spaces}/></rdf:RDF>"
    nested = "".join(f'<n{i}:a xmlns:n{i}="urn:{i}">' for i in range(8000))
    for text in (many, nested, f"<rdf:RDF {RDF}>{'<a/>' * 2_000_000}</rdf:RDF>", "<a>" * 49_000):
        path.write_text(text)
        start = time.process_time()
        with suppress(PhotoError):
            write_label(Label(path, PLACE))
        assert time.process_time() - start < 3
    before = dict(ET._namespace_map)
    path.write_text(BODY)
    write_label(Label(path, PLACE))
    assert ET._namespace_map == before  # the process's own table


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
