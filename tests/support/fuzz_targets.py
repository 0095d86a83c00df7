"""Every reader of files that others may have made: good files to break, and how it is called."""

import contextlib
import csv
import io
import json
import os
import re
import socket
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

import geonb
import geonb_lab
from geonb.photos import jpeg
from support import fuzz_pictures
from support.networks import write_network
from support.pictures import encoded, exif, picture


@dataclass(frozen=True)
class Target:
    """A reader: ``open(folder)`` gives the function that reads the bytes of a case."""

    open: Callable
    seeds: Callable[[], list[bytes]]
    text: bool = False
    crafted: Callable[[], list[bytes]] = list


def _photos(_):
    model = geonb.load_model("mini")
    return lambda data: geonb.predict(model, data)


def _shared(folder):
    def read(data):
        photo = geonb.open_photo(data)
        for ending in ("jpg", "png"):
            photo.without_place(folder / f"copy.{ending}")

    return read


@cache
def _small_jpeg():
    return encoded(picture(24, 16), "JPEG")


def _metadata(start):
    """Read ``start`` and the case as the first segment of a JPEG."""

    def read(data):
        photo = geonb.open_photo(jpeg.with_exif(_small_jpeg(), (start + data)[:60_000]))
        repr((photo.size, photo.place, photo.artist))
        photo.image(8)

    return lambda _: read


def _exif_seeds():
    blocks = [exif(6), exif(1, None), exif(3, (1.5, -170.0))]
    odd = Image.Exif()
    odd[0x8825] = {1: "N", 2: (35.5,), 3: "E", 4: (139.7,), 29: "2026:01:01"}
    odd[0x013B] = "Anna"
    blocks.append(odd)
    return [block.tobytes()[6:] for block in blocks]


_XMP = [
    b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="35,39.5160N"
    exif:GPSLongitude="139,44.7240E" tiff:Orientation="6"/></x:xmpmeta>""",
    b"<exif:GPSLatitude>33,51,24.48S</exif:GPSLatitude><exif:GPSLongitude>151,12,55E</exif:GPS",
]
_GRIDS = Path(geonb.__file__).parent / "data" / "mini" / "grids.txt"
_CELLS = [
    b"".join(_GRIDS.read_bytes().splitlines(keepends=True)[:20]),
    _GRIDS.read_bytes(),
]
_TABLES = [
    b"path,lat,lng,photographer\na.jpg,35.6,139.7,Anna\nb/c.jpg,-33.8,151.2,\n",
    b'file,lat,lng\n"b, c.jpg",1e1,-2\na.jpg,35 deg 39\' 30.96" N,"139,7 E"\n',
    "\ufeffIMG_ID,AUTHOR,LAT,LON\nx.jpg,7@N00,48.8,2.3\nÄ.jpg,,,\n".encode(),
]
_TRUTHS = [b"1\t139.7\t35.6\t0a1b2c3d4e5f\n2\t-3.5\t7\tffffeeee0000\n"]
_ADDRESSES = [
    b"http://user:secret@example.org:8080/a%20b/c.jpg?token=secret#secret",
    b"https://xn--n-nga1b.test/a.jpg",
    b"http://[2001:db8::1]:80/x",
    b"http://evil.test\\@good.test/x",
    b"http://127.0.0.1/x",
    b"HTTPS://0x7f.1/",
]


def _notebooks():
    state = {"m": {"model_module": "gmaps", "state": {"api_key": "A" * 20, "x": [1, {"y": None}]}}}
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": state}}
    cell = {"cell_type": "code", "source": ["x = 1\n", "AIza" + "x" * 35], "outputs": []}
    whole = {"cells": [cell], "metadata": {"widgets": widgets}, "nbformat": 4}
    return [json.dumps(whole, indent=1).encode(), json.dumps({"cells": [cell]}).encode()]


def _file(name, read):
    """Write the case to a file of this name, and read that."""

    def open_(folder):
        def read_file(data):
            (folder / name).write_bytes(data)
            read(folder / name)

        return read_file

    return open_


def _cells(path):
    cells = geonb.read_cells(path)
    repr(cells)
    cells.index([(0.0, 0.0)])


def _table(path):
    from geonb_lab.evaluation.photo_tables import read_table

    read_table(path)


def _truth(path):
    from geonb_lab.evaluation.testsets import placing2016

    repr(placing2016(path))


def _notebook(path):
    for backup in path.parent.glob("*.bak*"):
        backup.unlink()
    geonb_lab.clean_notebook(path)
    assert not re.search("AIza[0-9A-Za-z_-]{35}", path.read_text(encoding="utf-8"))
    assert geonb_lab.clean_notebook(path).backup is None


def _address(_):
    """No name is ever resolved but the one that is shown, and no secret is."""
    from geonb.photos import urls
    from geonb.web.addresses import redacted

    asked = []

    def nobody(host, *_args, **_kwargs):
        asked.append(host)
        raise socket.gaierror(-2, "nobody is asked here")

    def read(data):
        url = data.decode("utf-8", "surrogateescape")
        socket.getaddrinfo, real = nobody, socket.getaddrinfo
        asked.clear()
        try:
            urls.fetch(url)
        finally:
            socket.getaddrinfo = real
            shown = redacted(url)
            assert all(host in shown for host in asked), (url, asked, shown)

    return read


@cache
def _network():
    """The symbol, the params and the Core ML file of a small network."""
    from support.coreml_writer import write_coreml

    with TemporaryDirectory() as folder:
        files = write_network(Path(folder), units=(1,), filters=(2, 2), classes=5)
        write_coreml(files.read(), ["a", "b", "c", "d", "e"], Path(folder, "x.mlmodel"))
        return [
            path.read_bytes() for path in (files.symbol, files.params, Path(folder, "x.mlmodel"))
        ]


def _safetensors():
    at = {"a": ("F32", [2, 3], [0, 24]), "b": ("F16", [4], [24, 32])}
    header = {
        name: {"dtype": dtype, "shape": shape, "data_offsets": span}
        for name, (dtype, shape, span) in at.items()
    }
    text = json.dumps({**header, "__metadata__": {"format": "pt"}}).encode()
    return [len(text).to_bytes(8, "little") + text + bytes(32)]


def _torch():
    """What ``torch.save`` writes for a dict of one (2, 3) tensor, and the same with a password."""
    saved = (
        b"\x80\x02ccollections\nOrderedDict\n)RX\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n"
        b"((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\6tQK\0K\2K\3\x86"
        b"K\3K\1\x86\x89ccollections\nOrderedDict\n)RtRs."
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x/data.pkl", saved)
        archive.writestr("x/data/0", bytes(24))
    data = buffer.getvalue()
    locked = bytearray(data)
    for start, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        locked[data.index(start) + flags] |= 1
    return [data, bytes(locked)]


def _onnx():
    from onnx import helper, numpy_helper

    arrays = {"w": np.ones((32, 32), np.float32), "s": np.ones(3, np.float32)}
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["data", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("data", 1, [None, 32])],
        [helper.make_tensor_value_info("y", 1, [None, 32])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return [helper.make_model(graph).SerializeToString()]


def _classifiers():
    """A network of an average and a product, with the labels of five cells, and the same bare."""
    from onnx import helper, numpy_helper

    labels = [line.split(b"\t")[0] for line in _CELLS[0].splitlines()]
    nodes = [
        helper.make_node("GlobalAveragePool", ["in"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["out"], axis=1),
    ]
    weights = np.linspace(-1, 1, 3 * len(labels), dtype=np.float32).reshape(3, -1)
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("in", 1, ["N", 3, 224, 224])],
        [helper.make_tensor_value_info("out", 1, ["N", len(labels)])],
        [numpy_helper.from_array(weights, "w")],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 2)]
    bare = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    table = {"domain": "ai.onnx.ml", "classlabels_strings": labels}
    graph.node.append(helper.make_node("ZipMap", ["out"], ["label"], **table))
    labelled = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return [labelled.SerializeToString(), bare.SerializeToString()]


def _read_classifier(path):
    """What it answers is checked as `load_model` does, and its features are cut out for heads."""
    from geonb.network.opening import find_checkpoint

    (path.parent / "grids.txt").write_bytes(_CELLS[0])
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # that it adds a softmax
        find_checkpoint(path).write_onnx(Path(folder), ("features", "probabilities"))


def _read_safetensors(path):
    from geonb.network.clip import open_safetensors

    with open_safetensors(path) as tensors:
        for name in tensors.keys():  # noqa: SIM118 - no dict
            tensors.get_tensor(name)


def _read_torch(path):
    from geonb.network.torch_files import read_pth

    read_pth(path)


def _read_onnx(path):
    from geonb.network.onnx_reading import read_onnx

    read_onnx(path)


def _points(path):
    from geonb.network.gallery import read_points

    read_points(path)


def _promise(path):
    from geonb.promise import read_promise

    repr(read_promise(path.parent, 5))


def _journal(path):
    from geonb_lab.many.journal import journal

    path.with_suffix("").unlink(missing_ok=True)
    with journal(path.parent / "a.csv", {"top": 1}, resume=True) as rows:
        repr(rows.done)


def _sidecar(path):
    """What geonb wrote is removed, and a label is added."""
    from geonb_lab.many import labels

    photo = path.with_suffix(".jpg")
    labels.remove_label(photo)
    labels.write_label(labels.Label(path, {"exif:GPSMapDatum": "WGS-84"}))


def _sidecar_seeds():
    from geonb_lab.many import labels

    with TemporaryDirectory() as folder:
        path = Path(folder, "a.xmp")
        labels.write_label(labels.Label(path, {"exif:GPSLatitude": "35,1.0N"}))
        return [path.read_bytes(), b"<?xpacket?>" + path.read_bytes() + b"<?xpacket end='w'?>"]


def _head(broken):
    """Load a head on a small network, with one of its two files broken."""

    def open_(folder):
        from geonb.network.opening import find_checkpoint
        from geonb_training.head import write_head

        files = write_network(folder / "base", units=(1,), filters=(2, 2), classes=5)
        (folder / "head").mkdir()
        arrays = np.ones((3, 2), np.float32), np.zeros(3, np.float32)
        write_head(folder / "head", "base", files, arrays)

        def read(data):
            (folder / "head" / broken).write_bytes(data)
            repr(find_checkpoint(folder / "head").last)

        return read

    return open_


def _head_seeds():
    from geonb.network.opening import find_checkpoint
    from geonb_training.head import write_head

    with TemporaryDirectory() as folder:
        arrays = np.ones((3, 2), np.float32), np.zeros(3, np.float32)
        write_head(Path(folder), "mini", find_checkpoint(_GRIDS.parent), arrays)
        return [Path(folder, "head.json").read_bytes()]


def _head_arrays():
    buffer = io.BytesIO()
    np.savez(buffer, weight=np.ones((3, 2), np.float32), bias=np.zeros(3, np.float32))
    return [buffer.getvalue()]


_PLACES = [b"[[35.6, 139.7], [1, -2.5], [90, 180]]", b"lat,lng\n35.6,139.7\n1,-2.5\n"]
_PROMISE = {"coverage": 0.9, "share": 0.5, "photos": 9, "test_set": "drawn", "places": 5}
_NAMES = [
    b"IMG_0001.jpg",
    b"=1+1.JPG",
    "Ausflug \u2028 \u202e 東京.heic".encode(),
    b'\xff\r\n,".jpeg',
]
_VALUES = [
    b"[[35.6, 139.7], [1, -2.5], [90, 180]]",
    b"[0.9, 0.1, 0, 1]",
    b'[[0.5, "7"], [null, NaN]]',
]


def _journal_seeds():
    from geonb_lab.many.results import Result
    from geonb_lab.many.tables import row

    lines = [{"geonb journal": "", "top": 1}, *(row(Result(x), "mini", 1) for x in "ab")]
    return ["".join(json.dumps(line) + "\n" for line in lines).encode()]


def _refused(call):
    """Whether a call is refused, in one line."""
    try:
        call()
    except geonb.GeonbError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
        return True
    return False


def _name(folder):
    """The case is a photo's name: in lists, tables, the journal and beside its sidecar."""
    from geonb.errors import PhotoError
    from geonb_lab.many import finding, labels, tables
    from geonb_lab.many.journal import journal
    from geonb_lab.many.results import Result, name_of

    photos, beside = folder / "photos", folder / "beside"
    photos.mkdir()
    beside.mkdir()

    def read(data):
        file = (
            os.fsencode(photos) + b"/" + data.replace(b"/", b"").replace(b"\0", b"")[:200] + b".jpg"
        )
        if os.path.basename(file).startswith(b"."):  # noqa: PTH119 - bytes
            return  # hidden
        with open(file, "wb"):  # noqa: PTH123 - bytes
            pass
        [photo], _ = finding.list_photos([str(photos)])
        row = tables.row(Result(name_of(photo), error=PhotoError(f"{photo}: x")), "mini", 1)
        with contextlib.suppress(KeyboardInterrupt), journal(beside / "a.csv", {"top": 1}) as rows:
            rows.add(row)
            raise KeyboardInterrupt
        with journal(beside / "a.csv", {"top": 1}) as rows:
            assert rows.done == {name_of(photo)}
            for ending in ("csv", "geojson"):
                tables.write_table(rows.rows(), beside / f"a.{ending}")
        with (beside / "a.csv").open(encoding="utf-8", newline="") as table:
            _, [name, *_] = csv.reader(table)
        assert name[:1] not in "=+-@"
        assert name.isprintable()
        [feature] = json.loads((beside / "a.geojson").read_text("utf-8"))["features"]
        assert feature["properties"] == row
        (beside / "a.csv").unlink()
        labels.write_label(labels.Label(Path(f"{photo}.xmp"), {"exif:GPSMapDatum": "WGS-84"}))
        assert labels.remove_label(Path(photo)) == labels.Removed.ALL
        os.unlink(file)  # noqa: PTH108 - bytes
        assert list(photos.iterdir()) == []

    return read


def _numbers(_):
    """The case is JSON whose values are taken for places, probabilities, classes and answers."""
    from geonb_lab.evaluation.guesses import most_frequent

    def read(data):
        try:
            values = json.loads(data)
        except (ValueError, RecursionError):
            return
        pair = [[0.5, 0.5]] * 2
        done = [
            _refused(call)
            for call in (
                lambda: geonb.distance(values, (0, 0)),
                lambda: geonb.bounds(values),
                lambda: most_frequent(values),
                lambda: repr(geonb_lab.evaluate(values, values)),
                lambda: repr(geonb_lab.evaluate([(0, 0)] * 2, values)),
                lambda: repr(geonb_lab.reliability(values, [True, False])),
                lambda: repr(geonb_lab.reliability([0.5, 0.5], values)),
                lambda: geonb_lab.learn_promise(values, [0, 1], 0.5),
                lambda: geonb_lab.learn_promise(pair, values, 0.5),
                lambda: geonb_lab.calibrate(values, values),
            )
        ]
        if all(done):
            raise geonb.GeonbError("all of them refuse it")

    return read


def _checkpoint(ending):
    """Read a checkpoint with one of its files broken, and write it as ONNX."""

    def open_(folder):
        from geonb.network.opening import find_checkpoint

        symbol, params, _ = _network()
        (folder / "x-symbol.json").write_bytes(symbol)
        if ending != ".mlmodel":
            (folder / "x-0001.params").write_bytes(params)
        broken = {"symbol": "x-symbol.json", "params": "x-0001.params"}.get(ending, f"x{ending}")

        def read(data):
            (folder / broken).write_bytes(data)
            with TemporaryDirectory() as onnx:
                find_checkpoint(folder).write_onnx(Path(onnx))

        return read

    return open_


TARGETS = {
    "photos": Target(_photos, fuzz_pictures.seeds, crafted=fuzz_pictures.crafted),
    "sizes": Target(_photos, fuzz_pictures.odd_sizes, crafted=fuzz_pictures.other_sizes),
    "shared": Target(_shared, fuzz_pictures.seeds),
    "exif": Target(_metadata(b"Exif\0\0"), _exif_seeds),
    "xmp": Target(_metadata(b"http://ns.adobe.com/xap/1.0/\0"), lambda: _XMP, text=True),
    "symbol": Target(_checkpoint("symbol"), lambda: _network()[:1], text=True),
    "params": Target(_checkpoint("params"), lambda: _network()[1:2]),
    "coreml": Target(_checkpoint(".mlmodel"), lambda: _network()[2:]),
    "onnx": Target(_file("x.onnx", _read_onnx), _onnx),
    "classifiers": Target(_file("y.onnx", _read_classifier), _classifiers),
    "safetensors": Target(_file("x.safetensors", _read_safetensors), _safetensors, text=True),
    "torch": Target(_file("x.pth", _read_torch), _torch),
    "cells": Target(_file("grids.txt", _cells), lambda: _CELLS, text=True),
    "galleries": Target(_file("a.json", _points), lambda: _PLACES[:1], text=True),
    "gallery-tables": Target(_file("a.csv", _points), lambda: _PLACES[1:], text=True),
    "heads": Target(_head("head.json"), _head_seeds, text=True),
    "head-arrays": Target(_head("head.npz"), _head_arrays),
    "promises": Target(
        _file("promise.json", _promise), lambda: [json.dumps(_PROMISE).encode()], text=True
    ),
    "journals": Target(_file(".a.csv.journal", _journal), _journal_seeds, text=True),
    "names": Target(_name, lambda: _NAMES, text=True),
    "numbers": Target(_numbers, lambda: _VALUES, text=True),
    "sidecars": Target(_file("a.xmp", _sidecar), _sidecar_seeds, text=True),
    "tables": Target(_file("a.csv", _table), lambda: _TABLES, text=True),
    "truths": Target(_file("truth.txt", _truth), lambda: _TRUTHS, text=True),
    "notebooks": Target(_file("a.ipynb", _notebook), _notebooks, text=True),
    "addresses": Target(_address, lambda: _ADDRESSES, text=True),
}
