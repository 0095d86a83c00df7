"""Sidecars as geonb and as other programs leave them."""

from xml.etree import ElementTree as ET

OTHERS = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dt="http://darktable.sf.net/" dt:history="7"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"{more}/></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>
"""
PLACE = {"exif:GPSLatitude": "35,39.5160N", "exif:GPSLongitude": "139,44.7240E"}
MORE = {"exif:GPSProcessingMethod": "estimated by geonb, mini", "photoshop:Country": "Japan"}
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
EXIF, XMP = "http://ns.adobe.com/exif/1.0/", "http://ns.adobe.com/xap/1.0/"
BODY = f'<rdf:RDF {RDF}><rdf:Description rdf:about="" xmlns:xmp="{XMP}" xmp:Rating="4"/></rdf:RDF>'


def canonical(path):
    return ET.canonicalize(from_file=path, with_comments=True)
