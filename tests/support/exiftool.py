"""What a sidecar says, to exiftool and to a parser; where exiftool is missing, to the parser."""

import json
import os
import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest

PREFIXES = {
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/xap/1.0/": "xmp",
}
needs_exiftool = pytest.mark.skipif(
    not shutil.which("exiftool"), reason="needs exiftool (Debian: libimage-exiftool-perl)"
)
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def tags(path):
    """The simple properties of an XMP file, named as exiftool names them (``XMP-exif:…``).

    Where exiftool is installed, it has to read the same values; in CI it has to be installed.
    """
    parsed = _parsed(path)
    if not shutil.which("exiftool"):
        if os.environ.get("GEONB_NO_SKIPS"):
            pytest.skip("needs exiftool")
        return parsed
    run = subprocess.run(
        ["exiftool", "-json", "-n", "-G1", path], capture_output=True, text=True, check=True
    )
    found = json.loads(run.stdout)[0]
    assert {name: found.get(name) for name in parsed} == pytest.approx(parsed, abs=1e-9)
    return found


def _parsed(path):
    tags = {}
    for description in ET.fromstring(path.read_bytes()).iter(f"{RDF}Description"):
        pairs = [*description.items(), *((child.tag, child.text) for child in description)]
        for name, value in pairs:
            namespace, _, local = name.removeprefix("{").partition("}")
            if (prefix := PREFIXES.get(namespace)) and value and value.strip():
                tags[f"XMP-{prefix}:{local}"] = _value(value.strip())
    return tags


def _value(text):
    """A number where it is one: ``4``, ``12345/10``, and ``12,2.784S`` as degrees."""
    if place := re.fullmatch(r"(\d+),(\d+(?:\.\d+)?)([NSEW])", text):
        degrees = int(place[1]) + float(place[2]) / 60
        return -degrees if place[3] in "SW" else degrees
    if fraction := re.fullmatch(r"(\d+)/(\d+)", text):
        return int(fraction[1]) / int(fraction[2])
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text
