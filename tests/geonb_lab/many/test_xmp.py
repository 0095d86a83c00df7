"""Sidecars as XML: what geonb does not know is kept, and what is made to harm costs little."""

import os
import time
from contextlib import suppress
from xml.etree import ElementTree as ET

import pytest

from geonb.errors import PhotoError
from geonb_lab.many import xmp
from geonb_lab.many.labels import Label, Removed, remove_label, write_label
from support.exiftool import needs_exiftool
from support.sidecars import BODY, EXIF, MORE, PLACE, RDF, canonical

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet

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


def test_a_sidecar_of_ten_megabytes_is_not_read(tmp_path):
    path = tmp_path / "a.jpg.xmp"
    path.touch()
    os.truncate(path, 10_000_001)
    with pytest.raises(PhotoError, match=r"a\.jpg\.xmp: over 10,000,000 bytes, expected an XMP"):
        write_label(Label(path, PLACE))
    assert path.stat().st_size == 10_000_001


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


def test_the_process_writes_other_xml_as_before(tmp_path):
    """Python's library has one table of prefixes for all."""
    before = ET.tostring(ET.Element(f"{{{EXIF}}}a"))
    path = tmp_path / "a.jpg.xmp"
    path.write_text(BODY)
    write_label(Label(path, PLACE))
    assert ET.tostring(ET.Element(f"{{{EXIF}}}a")) == before


def test_a_property_is_read_as_an_attribute_and_as_an_element(tmp_path):
    path = tmp_path / "a.xmp"
    inside = f'xmlns:exif="{EXIF}" exif:GPSLatitude="1,2.0N"><exif:GPSLongitude>3,4.0E'
    path.write_text(
        f"<rdf:RDF {RDF}><rdf:Description {inside}</exif:GPSLongitude></rdf:Description></rdf:RDF>"
    )
    sidecar = xmp.read(path)
    names = ("exif:GPSLatitude", "exif:GPSLongitude", "photoshop:City")
    assert [xmp.get(sidecar, name) for name in names] == ["1,2.0N", "3,4.0E", None]
    assert not xmp.is_new(sidecar)
    for name, value in zip(names, ("1,2.0N", "5,6.0E"), strict=False):
        xmp.remove(sidecar, name, value)
    assert [xmp.get(sidecar, name) for name in names] == [None, "3,4.0E", None]
