"""Fetching GeoCLIP from a server that plays the hub: each answer leads to another address."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import geonb
import geonb_lab
from geonb.__main__ import main
from geonb.errors import FetchError
from geonb.network import geoclip
from geonb.weights import fetching
from geonb.weights.registry import GEOCLIP, GEOCLIP_PLACES, REGISTRY
from geonb_lab import similarity
from support.geoclip_files import make_points, write_onnx_form

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    folder = write_onnx_form(tmp_path_factory.mktemp("hub") / "own")
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return files | {"vision_model_quantized.onnx": files["vision_model.onnx"]}


@pytest.fixture
def served(mirror, content, cache, monkeypatch):
    """GeoCLIP's record, with small files instead of its own."""
    mirror.files.update(content)
    mirror.redirects = True

    def local(form):
        return tuple(
            replace(
                file,
                mirrors=(mirror.url + file.name,),
                size=len(content[file.name]),
                sha256=file.sha256 and hashlib.sha256(content[file.name]).hexdigest(),
            )
            for file in form
        )

    rows = "\n".join(f"{lat:.4f} {lng:.4f}" for lat, lng in make_points().tolist())
    monkeypatch.setattr(geoclip, "GALLERY_MD5", hashlib.md5(rows.encode()).hexdigest())
    record = replace(GEOCLIP, forms=tuple(map(local, GEOCLIP.forms)), int8=local(GEOCLIP.int8))
    monkeypatch.setitem(REGISTRY, "geoclip", record)
    places = replace(GEOCLIP_PLACES, forms=tuple(map(local, GEOCLIP_PLACES.forms)))
    monkeypatch.setattr(similarity, "GEOCLIP_PLACES", places)
    return record


@pytest.mark.usefixtures("served")
def test_fetched_verified_and_run(cache):
    model = geonb.load_model("geoclip")
    assert len(model.cells) == len(np.unique(make_points(), axis=0))
    names = {path.name for path in (cache / "geoclip").iterdir()}
    assert {"vision_model.onnx", "location_model.onnx", "coordinates_100K.json"} <= names
    assert geonb.load_model().name == "geoclip"


def test_resumed_by_a_later_call_from_another_address(served, mirror, content):
    name = "vision_model.onnx"
    half = len(content[name]) // 2
    size = {"coordinates_100K.json": 10**9, "location_model.onnx": 10**9}
    mirror.cuts = [*size.values(), half] + [half] * 20  # the rest never comes
    with pytest.raises(FetchError, match="bytes are kept"):
        geonb.fetch("geoclip")
    mirror.cuts, before = [], len(mirror.requests)
    geonb.fetch("geoclip")
    (path, asked), *others = [r for r in mirror.requests[before:] if "signature" in r[0]]
    assert name in path
    assert 0 < int(asked.removeprefix("bytes=").removesuffix("-")) <= half
    assert not others


def test_int8_alone(served, mirror, cache):
    model = geonb.load_model("geoclip", precision="int8")
    assert "has not been measured" in repr(model)
    assert not (cache / "geoclip" / "vision_model.onnx").exists()
    assert geonb.load_model("geoclip", precision="int8", download=False)
    with pytest.raises(FetchError, match="geoclip is not in the cache"):
        geonb.load_model("geoclip", download=False)
    assert 'is here yet; precision="int8" takes GeoCLIP' in repr(geonb.load_model())


def test_the_command_takes_the_files_for_int8(served, mirror, cache):
    result = CliRunner().invoke(main, ["fetch", "geoclip", "--precision", "int8"])
    path = cache / "geoclip" / "vision_model_quantized.onnx"
    assert result.stdout == f"geoclip: in the cache: {path}\n"
    assert not any("/vision_model.onnx" in asked for asked, _ in mirror.requests)
    mirror.status, folder = 503, cache / "geoclip"
    path.unlink()
    result = CliRunner().invoke(main, ["fetch", "geoclip", "--precision", "int8"])
    assert "503" in result.stderr.splitlines()[-1]
    assert "take them with: geonb fetch geoclip --precision int8 --from" in result.stderr
    with pytest.raises(FetchError, match=f"{folder}.*: geonb fetch geoclip --precision int8; or"):
        geonb.load_model("geoclip", precision="int8", download=False)


def test_lookalikes_fetch_the_places_alone(served, cache, monkeypatch):
    monkeypatch.setattr(geoclip, "find_spec", lambda _: None)
    found = geonb_lab.lookalikes("geoclip", (0.0, 0.0))
    assert len(found.everywhere) == len(np.unique(make_points(), axis=0))
    assert not (cache / "geoclip" / "vision_model.onnx").exists()


@pytest.mark.parametrize("name", ["vision_model.onnx", "location_model.onnx"])
@pytest.mark.usefixtures("served")
def test_another_file_than_promised(name, mirror, content, cache):
    changed = bytearray(content[name])
    changed[-20] ^= 1
    mirror.files[name] = bytes(changed)
    with pytest.raises(FetchError, match=r"not the file: .* bytes with SHA-256 \w{64}, expected"):
        geonb.load_model("geoclip")
    assert not (cache / "geoclip" / name).exists()


@pytest.mark.usefixtures("served")
def test_another_gallery(mirror, cache):
    mirror.files["coordinates_100K.json"] = json.dumps([[1, 2], [3, 4]]).encode()
    with pytest.raises(FetchError, match="not GeoCLIP's gallery"):
        geonb.fetch("geoclip")


@pytest.mark.usefixtures("served")
def test_something_else_for_the_quantised_model(mirror, content):
    mirror.files["vision_model_quantized.onnx"] = content["location_model.onnx"]
    with pytest.raises(FetchError, match="not GeoCLIP's vision model"):
        geonb.load_model("geoclip", precision="int8")


@pytest.mark.usefixtures("served")
def test_a_file_that_changed_in_the_cache(cache):
    geonb.fetch("geoclip")
    path = cache / "geoclip" / "vision_model.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FetchError, match=r"vision_model\.onnx there was cut off or changed"):
        geonb.load_model("geoclip", download=False)


@pytest.mark.usefixtures("served")
def test_from_a_folder(tmp_path, cache, content):
    write_onnx_form(tmp_path / "stick")
    geonb.fetch("geoclip", tmp_path / "stick")
    assert (cache / "geoclip" / "vision_model.onnx").read_bytes() == content["vision_model.onnx"]


@pytest.mark.usefixtures("served")
def test_cleared(cache):
    geonb.load_model("geoclip")
    assert len(list(cache.glob("derived/geoclip/*/"))) == 2  # the network, and the gallery
    fetching.clear("geoclip")
    assert not (cache / "geoclip").exists()
    assert list((cache / "derived").iterdir()) == []


def test_the_record():
    """What was seen of the hub's files; the quantised one's digest was never published."""
    sizes = {file.name: file.size for file in GEOCLIP.forms[0]}
    assert sizes["vision_model.onnx"] == 1_220_407_251
    assert all(f.sha256 or f.name.endswith(".json") for f in GEOCLIP.forms[0])
    assert all("/4cc99c7/" in file.mirrors[0] for file in GEOCLIP.forms[0])
    assert "model card" in GEOCLIP.note
