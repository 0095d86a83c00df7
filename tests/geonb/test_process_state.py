"""The process stays as it was: what geonb does in threads changes no setting of the user's.

Each test runs in a process of its own, since a setting that is lost here is lost for all tests.
"""

import io
import json
import subprocess
import sys
import textwrap

import pytest
from PIL import Image

import geonb
from geonb.errors import PhotoError
from geonb_training.scenes import write_towns
from support.pictures import encoded, exif, picture

WATCH = """
import json, logging, os, signal, sys, warnings
import matplotlib, numpy as np
from PIL import Image, ImageFile
import PIL.TiffImagePlugin, PIL.PngImagePlugin, PIL.GifImagePlugin, PIL.WebPImagePlugin
import PIL.BmpImagePlugin, PIL.AvifImagePlugin, PIL.JpegImagePlugin
import scipy.optimize, threadpoolctl
TABLES = "ID OPEN SAVE SAVE_ALL EXTENSION MIME DECODERS ENCODERS".split()
def state():
    log = logging.getLogger("PIL")
    return {
        "warnings.filters": repr(warnings.filters),
        "warnings.showwarning": repr(warnings.showwarning),
        "loggers": [(l.name, l.level, l.disabled, l.propagate, repr(l.handlers), repr(l.filters))
                    for l in (logging.root, log, logging.getLogger("matplotlib"))],
        "stderr": (repr(sys.stderr), os.fstat(2).st_ino, repr(sys.stdout), repr(sys.excepthook)),
        "Pillow's settings": (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES,
                              ImageFile.MAXBLOCK),
        "Pillow's tables": {name: repr(getattr(Image, name)) for name in TABLES},
        "NumPy's errors": (np.geterr(), repr(np.geterrcall()), np.get_printoptions()),
        "rcParams": repr(matplotlib.rcParams),
        "signals": [repr(signal.getsignal(s)) for s in signal.valid_signals()],
        "limits": (sys.getrecursionlimit(), sys.getswitchinterval()),
    }
"""
"""Pillow's readers and SciPy are loaded first: they fill tables and add filters of their own."""
ACTIONS = {
    "predict_many": "list(geonb_lab.predict_many(model, photos, progress=False))",
    "predict_many, a broken photo": "list(geonb_lab.predict_many(model, broken, progress=False))",
    "evaluate": "geonb_lab.evaluate(model, geonb_lab.read_photos('towns'))",
    "read_photos": "geonb_lab.read_photos('towns')",
    "a head": "geonb_training.fit_head(model, 'towns', 'head', t1=20, t2=2)",
}


def run(folder, code, *, options=()):
    command = [sys.executable, *options, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Drawn scenes of towns, photos of every format, and broken ones."""
    folder = tmp_path_factory.mktemp("state")
    write_towns(folder / "towns", 60, 6)
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "HEIC"):
        block = {} if kind in {"GIF", "BMP"} else {"exif": exif(6)}
        data = encoded(picture(), kind, **block)
        (folder / f"a.{kind.lower()}").write_bytes(data)
        start = data.find(b"MM\0*")
        torn = data[: start + 8] + b"\xff\xff" * 9 + data[start + 26 :] if start > 0 else data
        (folder / f"torn.{kind.lower()}").write_bytes(torn)
        (folder / f"short.{kind.lower()}").write_bytes(data[: len(data) * 2 // 3])
    return folder


@pytest.mark.parametrize("action", ACTIONS)
def test_it_is_as_before(folder, action):
    """One `predict_many` of 60 photos silenced all warnings for good."""
    code = f"""
    {textwrap.indent(WATCH, "    ").strip()}
    import glob, geonb, geonb_lab, geonb_training
    model = geonb.load_model("mini")
    photos = sorted(glob.glob("a.*")) + sorted(glob.glob("towns/**/*.jpg", recursive=True))
    broken = sorted(glob.glob("torn.*") + glob.glob("short.*")) * 5
    before = state()
    {ACTIONS[action]}
    after = state()
    assert len(photos) > 40 and len(broken) > 40
    print(json.dumps([name for name in before if before[name] != after[name]]))
    """
    done = run(folder, code)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_decoders_are_quiet_whatever_they_meet(folder):
    code = """
    import glob, geonb
    for path in glob.glob("torn.*") + glob.glob("short.*"):
        try:
            photo = geonb.open_photo(path)
            (photo.size, photo.place, photo.artist, photo.image())
        except geonb.GeonbError:
            pass
    """
    assert run(folder, code, options=["-W", "always"]).stderr == ""


def test_an_import_changes_nothing_of_pillows():
    """Eighteen entries of its tables were changed."""
    code = """
    from PIL import Image
    names = "ID OPEN SAVE SAVE_ALL EXTENSION MIME DECODERS ENCODERS".split()
    before = [repr(getattr(Image, name)) for name in names]
    import geonb, geonb.photos.photo, geonb.preprocessing, geonb.photos.sharing
    print(before == [repr(getattr(Image, name)) for name in names])
    """
    assert run(None, code).stdout == "True\n"


def test_pillows_tables_are_not_asked(folder):
    """Who replaced a reader of Pillow's, or took it out, has geonb all the same."""
    code = """
    import glob, geonb
    from PIL import Image
    Image.init()
    Image.OPEN.clear()
    Image.ID.clear()
    print([geonb.open_photo(path).size for path in sorted(glob.glob("a.*"))])
    """
    assert len(json.loads(run(folder, code).stdout.replace("(", "[").replace(")", "]"))) == 8


def test_numpy_that_raises_at_every_flaw(folder):
    code = """
    import glob, numpy as np, geonb, geonb_lab
    np.seterr(all="raise")
    model = geonb.load_model("mini")
    found = list(geonb_lab.predict_many(model, sorted(glob.glob("a.*")), progress=False))
    assert not [result.error for result in found if result.error]
    for array in (np.full((9, 9), 1e-310), np.full((9, 9), 1e-40, np.float32)):
        geonb.predict(model, array)
    for kind in ("gaussian", "bicubic"):
        for side in (1, 30, 224, 900, 3000):
            geonb.preprocess(np.zeros((side, side)), recipe=geonb.preprocessing.Recipe(resize=kind))
    assert geonb.distance((1e-300, 0), (0, 1e-300)) == 0
    fit = geonb_lab.calibrate([[0.7, 0.3, 0.0]] * 80, [0, 0, 0, 1] * 20)
    print(fit.value > 0, np.geterr()["under"])
    """
    code = code.replace("import glob", "import geonb.preprocessing, glob")
    assert run(folder, code).stdout == "True raise\n"


@pytest.mark.parametrize("limit", ["None", "1000", "10**6"])
def test_pillows_limit_of_pixels(tmp_path, limit):
    """A limit below the photo's own pixels stops Pillow's crop: geonb crops without it."""
    for kind in ("JPEG", "PNG", "BMP", "GIF"):
        picture(1200, 900).save(tmp_path / f"a.{kind.lower()}")
    code = f"""
    import glob, warnings, geonb
    from PIL import Image
    warnings.simplefilter("error")
    Image.MAX_IMAGE_PIXELS = {limit}
    for path in sorted(glob.glob("*.*")):
        for kind in ("gaussian", "bicubic"):
            geonb.preprocess(path, recipe=geonb.preprocessing.Recipe(resize=kind))
    print(Image.MAX_IMAGE_PIXELS == {limit})
    """
    code = code.replace("import glob", "import geonb.preprocessing, glob")
    assert run(tmp_path, code).stdout == "True\n"


@pytest.mark.parametrize("kind", ["WEBP", "TIFF"])
def test_the_limit_is_named_where_it_is_in_the_way(monkeypatch, kind):
    photo = geonb.open_photo(encoded(picture(300, 200), kind))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(PhotoError, match=r"PIL\.Image\.MAX_IMAGE_PIXELS is 1,000"):
        photo.image()


def test_without_asserts_and_docstrings(folder):
    code = """
    import glob, geonb
    model = geonb.load_model("mini")
    for path in sorted(glob.glob("a.*")):
        print(len(geonb.predict(model, path)))
    """
    assert run(folder, code, options=["-OO"]).stdout.split() == ["5"] * 8


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system can't fork")
def test_who_forks_while_a_thread_decodes_has_children_that_decode(tmp_path):
    """Four of four hung in their next TIFF: a lock was held when they were made."""
    buffer = io.BytesIO()
    picture(3000, 2000, noise=90).save(buffer, "TIFF", compression="tiff_lzw")
    (tmp_path / "a.tif").write_bytes(buffer.getvalue())
    code = """
    import os, signal, threading, time, geonb, warnings
    warnings.simplefilter("ignore")
    geonb.open_photo("a.tif").image()  # what it imports is there: Python's own locks aren't ours
    done = threading.Event()
    def work():
        while not done.is_set():
            geonb.open_photo("a.tif").image()
    threads = [threading.Thread(target=work) for _ in range(2)]
    [thread.start() for thread in threads]
    time.sleep(0.5)
    children = []
    for _ in range(6):
        child = os.fork()
        if not child:
            signal.alarm(60)
            geonb.open_photo("a.tif").image()
            os._exit(0)
        children.append(child)
        time.sleep(0.02)
    codes = [os.waitpid(child, 0)[1] for child in children]
    done.set()
    [thread.join() for thread in threads]
    print(codes)
    """
    assert run(tmp_path, code).stdout == "[0, 0, 0, 0, 0, 0]\n"
