"""The picker and the upload button in JupyterLab and Chromium: what is chosen is what arrives."""

import base64
import hashlib
import json
import shutil

import numpy as np
import pytest
from playwright.sync_api import expect

from support.pictures import PLACE, QUADRANTS, encoded, exif, jpeg_of, picture

pytestmark = [pytest.mark.newest, pytest.mark.slow]

PICKER = """
import hashlib, json, sys
import geonb
sys.path.insert(0, {tests!r})
from support.pictures import quadrants
picker = geonb.PhotoPicker()
display(picker)

@picker.on_photo
def report(photo):
    print(json.dumps({{
        "names": [p.name for p in picker.photos],
        "sha": hashlib.sha256(photo.source).hexdigest(),
        "bytes": len(photo.source),
        "size": photo.size,
        "place": photo.place,
        "colours": quadrants(photo.image()).round().tolist(),
    }}))
"""
_DROP = """(zone) => {
  const files = document.querySelector("#dropped").files, data = new DataTransfer();
  for (const file of files) data.items.add(file);
  const about = { dataTransfer: data, bubbles: true, cancelable: true };
  for (const kind of ["dragenter", "dragover", "drop"])
    zone.dispatchEvent(new DragEvent(kind, about));
}"""
_COPY = """async (data) => {
  const blob = await (await fetch("data:image/png;base64," + data)).blob();
  await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
}"""


class Picker:
    """A picker in a notebook, and what the kernel reports of the photos that it gets."""

    def __init__(self, tab):
        self.tab, self.page = tab, tab.page
        self.zone = self.page.locator(".geonb-drop")
        self.zone.wait_for()
        self.page.evaluate(
            "document.body.append(Object.assign(document.createElement('input'),"
            " { type: 'file', id: 'dropped', multiple: true, hidden: true }))"
        )

    def click(self, *paths):
        with self.page.expect_file_chooser() as chooser:
            self.zone.get_by_role("button", name="Choose photos…").click()
        chooser.value.set_files(paths)

    def drop(self, *paths):
        self.page.set_input_files("#dropped", paths)
        self.zone.evaluate(_DROP)

    def drop_folder(self, path):
        """As a file manager does: a folder can't be put into a `DataTransfer` by a script."""
        box, session = self.zone.bounding_box(), self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            where = {"x": box["x"] + 20, "y": box["y"] + 10}
            session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **where})

    def paste(self, data):
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.evaluate(_COPY, base64.b64encode(data).decode())
        self.zone.focus()
        self.page.keyboard.press("Control+V")

    def states(self, expected):
        """The states of all rows, once they are as many as expected and none is in between."""
        rows = self.page.locator(".geonb-picked-state.here, .geonb-picked-state.refused")
        rows.nth(expected - 1).wait_for(timeout=30_000)
        return rows.all_inner_texts()

    def reports(self, expected):
        """What the kernel has, as it was reported at each arrival."""
        lines = self.page.locator(".jp-OutputArea-output pre")
        lines.filter(has_text=f'"names": [{expected}').last.wait_for(timeout=30_000)
        text = "\n".join(lines.all_inner_texts())
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture
def picker(open_notebook, request):
    tab = open_notebook([PICKER.format(tests=str(request.path.parents[2]))])
    tab.run()
    return Picker(tab)


def write(path, data):
    path.write_bytes(data)
    return path


def sha(data):
    return hashlib.sha256(data).hexdigest()


def test_photos_of_any_size_arrive_by_click_and_by_drop(picker, tmp_path):
    for megabytes in (0.1, 9, 12, 30):
        data = jpeg_of(megabytes, exif=exif(turn=6))
        for way in (picker.click, picker.drop):
            name = f"{megabytes} MB {way.__name__}.jpg"
            way(write(tmp_path / name, data))
            (state,) = picker.states(1)
            (report,) = picker.reports(json.dumps(name))
            assert report["names"] == [name]
            assert report["place"] == pytest.approx(PLACE, abs=1e-4)
            # Turned by a quarter: the lower left corner becomes the upper left one.
            turned = [QUADRANTS[i] for i in (2, 0, 3, 1)]
            np.testing.assert_allclose(report["colours"], turned, atol=35)
            if megabytes < 8:
                assert (report["sha"], state) == (sha(data), "arrived")
            else:
                assert max(report["size"]) <= 2048
                assert state.startswith("shrunk to")
                assert state.endswith("arrived")
        picker.tab.screenshot(f"picker-{megabytes}")


def test_pasted_broken_foreign_and_several(picker, tmp_path):
    pasted = encoded(picture(), "PNG")
    picker.paste(pasted)
    assert picker.states(1) == ["arrived"]
    (report,) = picker.reports('"image.png"')
    assert report["size"] == [96, 64]
    np.testing.assert_allclose(report["colours"], QUADRANTS, atol=1)

    picker.click(write(tmp_path / "<img src=x>.jpg", b"\xff\xd8\xff\xe0 no picture"))
    assert picker.states(1) == ["not sent: not a picture that can be read (image/jpeg)"]
    assert picker.page.locator(".geonb-picked-name").inner_text() == "<img src=x>.jpg"
    expect(picker.page.locator(".jp-OutputArea-output pre"), "the old photo is gone").to_have_count(
        0, timeout=30_000
    )

    heic = encoded(picture(640, 480), "HEIC", exif=exif())
    picker.drop(write(tmp_path / "cut.heic", heic[: len(heic) // 2]))
    (state,) = picker.states(1)
    assert "cut.heic: the picture is cut off or broken" in state

    picker.click(write(tmp_path / "phone.heic", heic))
    assert picker.states(1) == ["arrived"]
    (report,) = picker.reports('"phone.heic"')
    assert (report["sha"], report["size"]) == (sha(heic), [640, 480])
    assert report["place"] == pytest.approx(PLACE, abs=1e-4)

    both = {f"{i} & co.jpg": jpeg_of(0.1 + i / 10) for i in (1, 2)}
    picker.drop(*(write(tmp_path / name, data) for name, data in both.items()))
    assert picker.states(2) == ["arrived", "arrived"]
    reports = picker.reports('"1 & co.jpg", "2 & co.jpg"')
    assert [r["sha"] for r in reports] == [sha(data) for data in both.values()]
    alts = [image.get_attribute("alt") for image in picker.zone.locator("img").all()]
    assert alts == list(both)
    assert picker.zone.locator("img").first.evaluate("i => i.naturalWidth") == 160
    picker.tab.screenshot("picker-two")

    takeout = b'{"geoData": {"latitude": -33.5, "longitude": 151.25}}'
    picker.drop(*(tmp_path / name for name in both), write(tmp_path / "2 & co.jpg.json", takeout))
    assert picker.states(3) == ["arrived"] * 3
    names = picker.page.locator(".geonb-picked-name").all_inner_texts()
    assert names == ["2 & co.jpg.json", *both], "what tells a place comes before its photo"
    reports = picker.reports('"1 & co.jpg", "2 & co.jpg"')
    assert [report["place"] for report in reports] == [None, [-33.5, 151.25]]

    saved = picker.tab.save()
    assert "PhotoPicker" in saved, "the widget's state is saved, so that the next line says much"
    for data in both.values():
        assert all(base64.b64encode(data[i:])[:40].decode() not in saved for i in (300, 301, 302))
    assert len(saved) < 100_000
    assert "& co.jpg" in saved, "the cell's own output has the names"
    assert "& co.jpg" not in json.dumps(json.loads(saved)["metadata"])


def test_a_dropped_folder_is_read_with_its_sidecars_and_without_its_subfolders(picker, tmp_path):
    folder, inner = tmp_path / "library", tmp_path / "library" / "@eaDir"
    inner.mkdir(parents=True)
    names = [f"IMG_{i:03}.jpg" for i in range(120)]  # a browser lists a hundred at a time
    for name in names:
        write(folder / name, encoded(picture(), "JPEG"))
    write(folder / "IMG_119.jpg.json", b'{"geoData": {"latitude": -33.5, "longitude": 151.25}}')
    write(inner / "IMG_119.jpg", encoded(picture(), "PNG"))
    write(inner / "IMG_119.jpg.xmp", b"of another photo")
    write(folder / "notes.txt", b"no photo")
    write(folder / "._IMG_119.jpg", b"what macOS writes beside files")
    picker.drop_folder(folder)
    assert picker.states(121) == ["arrived"] * 121
    shown = picker.page.locator(".jp-OutputArea-output pre")
    shown.filter(has_text='"place": [-33.5, 151.25]').wait_for(timeout=30_000)
    *_, last = picker.reports('"IMG_000.jpg", "IMG_001.jpg"')
    assert (last["names"], last["place"]) == (names, [-33.5, 151.25])

    picker.drop_folder(inner)
    named = picker.page.locator(".geonb-picked-name")
    expect(named).to_have_text(["IMG_119.jpg.xmp", "IMG_119.jpg"], timeout=30_000)
    assert picker.states(2) == ["arrived"] * 2
    shutil.rmtree(inner)
    inner.mkdir()
    picker.drop_folder(inner)
    picker.page.locator(".geonb-picked-state.refused", has_text="not sent").wait_for()
    assert named.inner_text() == "@eaDir"


FREEZE = """
import ctypes, threading
def freeze():
    ctypes.PyDLL(None).sleep(4)  # a call into C that lets no other thread of the kernel run
def later(change):
    if change.new and change.new[-1].name == "first.jpg":
        threading.Timer(0.5, freeze).start()
picker.observe(later, "photos")
"""


LOCATES = """
import geonb
picker = geonb.PhotoPicker()
display(picker)

@picker.on_photo
def locate(photo):
    print("printed", photo.name)
    predictions = geonb.predict(geonb.load_model("mini"), photo)
    display(predictions)
    return geonb.show_map(predictions, provider="static")
"""


def test_what_a_callback_prints_displays_and_returns_stands_below(open_notebook, tmp_path):
    tab = open_notebook([LOCATES])
    tab.run()
    Picker(tab).click(write(tmp_path / "mine.png", encoded(picture(), "PNG")))
    below = tab.output(0)
    below.get_by_text("printed mine.png").wait_for()
    expect(below.locator("table caption").first).to_contain_text("photo mine.png, model mini")
    expect(below.locator("img[alt*='Map with 5 numbered pins']")).to_be_visible()


BESIDE = """
import contextlib, io, sys, threading
import geonb
before = sys.stdout, sys.stderr
redirected, begun, ended = threading.Event(), threading.Event(), threading.Event()

def elsewhere():
    with contextlib.redirect_stdout(io.StringIO()):
        redirected.set()
        begun.wait(20)
    ended.set()

threading.Thread(target=elsewhere).start()
redirected.wait(20)
picker = geonb.PhotoPicker()
display(picker)

@picker.on_photo
def slow(photo):
    begun.set()
    ended.wait(20)
    print("printed", photo.name)
    display({"text/html": f"<b>shown {photo.name}</b>"}, raw=True)
    print("as before:", before == (sys.stdout, sys.stderr), file=sys.stderr)
"""


def test_a_callback_leaves_the_process_as_it_was_whatever_else_runs(open_notebook, tmp_path):
    """Another thread redirects what is printed before the first one begins, and ends that in it."""
    tab = open_notebook([BESIDE])
    tab.run()
    below = tab.output(0)
    for name in ("first.png", "second.png"):
        Picker(tab).click(write(tmp_path / name, encoded(picture(), "PNG")))
        expect(below.locator("b", has_text=f"shown {name}")).to_be_visible(timeout=30_000)
        expect(below.get_by_text("as before: True")).to_be_visible()
    html = below.locator(":has(> b)").last.inner_html()
    assert html == "<pre>printed second.png</pre><b>shown second.png</b><pre>as before: True</pre>"


def test_a_busy_kernel_is_said_to_be_busy(open_notebook, request, tmp_path):
    tab = open_notebook([PICKER.format(tests=str(request.path.parents[2])), FREEZE])
    tab.run()
    picker = Picker(tab)
    picker.click(write(tmp_path / "first.jpg", jpeg_of(0.1)))
    assert picker.states(1) == ["arrived"]
    tab.page.wait_for_timeout(700)
    picker.click(write(tmp_path / "second.jpg", jpeg_of(0.1)))
    tab.page.locator(".geonb-picked-state.busy", has_text="the kernel is busy").wait_for()
    tab.screenshot("picker-busy")
    assert picker.states(1) == ["arrived"]
    picker.reports('"second.jpg"')


UPLOAD = """
import geonb, hashlib, ipywidgets
upload = geonb.FileUpload()
upload.max_bytes = 20_000_000
label = ipywidgets.Label()
def report(change):
    label.value = str([hashlib.sha256(file["content"]).hexdigest() for file in change.new])
upload.observe(report, "value")
display(upload, label)
"""


def test_upload_button_carries_what_ipywidgets_loses_and_names_what_is_too_large(
    open_notebook, tmp_path
):
    tab = open_notebook([UPLOAD])
    tab.run()
    page, data = tab.page, jpeg_of(12)
    field = page.locator(".geonb-plain input.geonb-files")
    label = page.locator(".widget-label")
    field.set_input_files(write(tmp_path / "large.jpg", data))
    page.locator(".geonb-picked-state.here").wait_for(timeout=30_000)
    label.filter(has_text=f"['{sha(data)}']").wait_for()
    field.set_input_files(write(tmp_path / "huge.jpg", data * 2))
    page.locator(".geonb-picked-state.refused").wait_for()
    assert page.locator(".geonb-picked-state").inner_text() == (
        "not sent: larger than 20.0 MB; choose a smaller file"
    )
    label.filter(has_text="[]").wait_for()
    tab.screenshot("upload")
