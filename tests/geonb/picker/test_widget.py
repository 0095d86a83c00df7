"""The kernel's side of the picker; test_widget_browser.py has the browser's."""

import hashlib
import sys
import threading

import pytest
from IPython.display import DisplayHandle

import geonb
from geonb.picker.widget import together
from support.picking import messages
from support.pictures import PLACE, encoded, exif, jpeg_of, picture

DATA = encoded(picture(noise=30), "JPEG")


@pytest.fixture
def picker(monkeypatch):
    picker = geonb.PhotoPicker()
    picker.said = []
    monkeypatch.setattr(geonb.PhotoPicker, "send", lambda self, text: self.said.append(text))
    return picker


def send(widget, *args, **kwargs):
    for message, buffers in messages(*args, **kwargs):
        widget.receive(widget, message, buffers)


def test_a_photo_arrives_and_the_browser_is_told(picker):
    send(picker, "a.jpg", DATA)
    (photo,) = picker.photos
    assert (photo.name, photo.source) == ("a.jpg", DATA)
    assert picker.said == [{"type": "here", "id": "id of a.jpg"}]
    send(picker, "b.jpg", DATA)
    assert [photo.name for photo in picker.photos] == ["a.jpg", "b.jpg"]


def test_a_new_choice_clears_the_old_one_before_it_arrives(picker):
    send(picker, "a.jpg", DATA)
    picker.receive(picker, {"type": "choice", "choice": 2}, [])
    assert picker.photos == ()
    send(picker, "late.jpg", DATA, choice=1)
    assert picker.photos == (), "what was chosen before does not come back"
    send(picker, "broken.jpg", DATA[:300], choice=2)
    assert picker.photos == ()
    (said,) = [said for said in picker.said if said["type"] == "refused"]
    assert "broken.jpg: the picture is cut off or broken" in said["text"]


def test_callbacks_get_each_photo_and_survive_an_error(picker, capsys):
    seen = []

    @picker.on_photo
    def _(photo):
        seen.append(photo.name)
        if photo.name == "b.jpg":
            geonb.open_photo("/no/such/file.jpg")

    for name in ("a.jpg", "b.jpg", "c.jpg"):
        send(picker, name, DATA)
    assert seen == ["a.jpg", "b.jpg", "c.jpg"]
    assert "geonb: /no/such/file.jpg: no such file" in capsys.readouterr().out


def test_what_a_callback_shows_becomes_one_output():
    html, text, png = {"text/html": "<b>a</b>"}, {"text/plain": "<i>"}, {"image/png": "iVBO"}
    live = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "map"}
    assert together([{"data": live}]) == live, "alone, a live map stays live"
    whole = together([{"data": bundle} for bundle in (html, text, png, live)])
    assert whole["text/plain"] == "\n<i>\n\nmap"
    assert whole["text/html"].startswith("<b>a</b><pre>&lt;i&gt;</pre><img alt=")
    assert whole["text/html"].endswith("<pre>map</pre>")
    assert together([]) == {"text/plain": "", "text/html": ""}
    printed = together([{"text": "one "}, {"text": "line\n"}, {"data": html}, {"text": "two\n"}])
    assert printed["text/html"] == "<pre>one line</pre><b>a</b><pre>two</pre>"


def test_what_the_browser_sends_back_is_shown_in_order_until_there_is_a_new_choice(
    picker, monkeypatch
):
    picker.on_photo(lambda photo: None)
    shown = []
    monkeypatch.setattr(DisplayHandle, "update", lambda _, data, raw: shown.append(data))
    send(picker, "a.jpg", DATA)
    for number, text in ((1, "b"), (0, "a"), (2, "c")):
        message = {"type": "output", "choice": 1, "number": number, "content": {"text": text}}
        picker.receive(picker, message, [])
    picker.receive(picker, {"type": "choice", "choice": 2}, [])
    picker.receive(picker, message, [])  # late
    assert [data["text/plain"] for data in shown] == ["", "b", "ab", "abc", ""]


def test_what_a_callback_returns_is_shown(picker, capsys):
    picker.on_photo(lambda photo: f"{photo.name} is here" if photo.name == "a.jpg" else None)
    for name in ("a.jpg", "b.jpg"):
        send(picker, name, DATA)
    shown = capsys.readouterr().out
    assert shown.count("a.jpg is here\n") == 1
    assert "None" not in shown


def test_what_a_callback_raises_is_shown(picker, capsys):
    @picker.on_photo
    def _(photo):
        raise ZeroDivisionError(photo.name)

    send(picker, "a.jpg", DATA)
    assert "ZeroDivisionError: a.jpg" in capsys.readouterr().err


def test_two_callbacks_at_once_leave_the_process_as_it_was():
    """Messages come on two threads; test_widget_browser.py has what is shown."""
    before, both, seen = (sys.stdout, sys.stderr), threading.Barrier(2), []

    def callback(_):
        both.wait(10)
        seen.append((sys.stdout, sys.stderr))
        both.wait(10)

    pickers = geonb.PhotoPicker(), geonb.PhotoPicker()
    for picker in pickers:
        picker.on_photo(callback)
    threads = [threading.Thread(target=send, args=(p, "a.jpg", DATA)) for p in pickers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert seen == [before] * 2
    assert (sys.stdout, sys.stderr) == before


TAKEOUT = b'{"geoData": {"latitude": -33.5, "longitude": 151.25}}'


@pytest.mark.parametrize("name", ["A.JPG.json", "a.jpg.supplemental-metadata.json"])
def test_a_sidecar_that_is_chosen_with_a_photo_tells_its_place(picker, name):
    send(picker, name, TAKEOUT)
    assert picker.photos == ()
    assert picker.said[-1]["type"] == "here"
    for photo in ("a.jpg", "b.jpg"):
        send(picker, photo, DATA)
    a, b = picker.photos
    assert a.place == (-33.5, 151.25)
    assert a.place_source == f"{name} (Google Takeout)"
    assert b.place is None
    send(picker, "a.jpg", DATA, choice=2)
    assert picker.photos[0].place is None, "of another choice"
    assert a.place == (-33.5, 151.25)


def test_an_xmp_sidecar_and_too_many_of_them(picker):
    place = b'exif:GPSLatitude="12,30N" exif:GPSLongitude="45,0W"'
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
        b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
        b' xmlns:exif="http://ns.adobe.com/exif/1.0/" ' + place + b"/></rdf:RDF></x:xmpmeta>"
    )
    send(picker, "a.xmp", packet)
    send(picker, "b.xmp", b" " * (10_000_000 - len(packet) + 1))
    assert picker.said[-1]["text"] == "over 10,000,000 bytes of sidecars; choose fewer"
    send(picker, "a.jpg", DATA)
    assert picker.photos[0].place == (12.5, -45.0)


def test_a_number_without_end_blocks_no_later_message(picker):
    """The choice comes from the page; one beyond all others would make all later ones too late."""
    for choice in (10**30, -1, "7", None, 1.5, float("nan"), [1], True):
        picker.receive(picker, {"type": "choice", "choice": choice}, [])
    send(picker, "a.jpg", DATA)
    assert [photo.name for photo in picker.photos] == ["a.jpg"]
    for wrong in ({"parts": 10**30}, {"parts": "x"}, {"modified": 10**40}, {"index": -1}):
        for message, buffers in messages("b.jpg", DATA, choice=2):
            changed = wrong if wrong.keys() <= message.keys() else {}
            picker.receive(picker, message | changed, buffers)
        assert picker.said[-1]["type"] == "refused"
    send(picker, "c.jpg", DATA, choice=3)
    assert [photo.name for photo in picker.photos] == ["c.jpg"]


def test_a_shrunk_photo_keeps_its_exif_but_not_its_turn(picker):
    original = encoded(picture(), "JPEG", exif=exif(turn=6))
    upright = encoded(picture(64, 96), "JPEG")
    send(picker, "a.jpg", upright, head=original[:5000])
    (photo,) = picker.photos
    assert photo.place == pytest.approx(PLACE, abs=1e-4)
    assert photo.size == (64, 96)


def test_nothing_of_a_photo_is_in_the_widgets_state(picker):
    send(picker, "secret name.jpg", DATA)
    state = str(picker.get_state())
    assert "secret name" not in state
    assert (
        max(len(str(v)) for k, v in picker.get_state().items() if k not in {"_esm", "_css"}) < 200
    )


def test_upload_button_has_the_value_of_ipywidgets_8(monkeypatch):
    upload, said = geonb.FileUpload(max_bytes=200_000), []
    monkeypatch.setattr(upload, "send", said.append)
    data = jpeg_of(0.1)
    send(upload, "a.jpg", data)
    (file,) = upload.value
    assert (file["name"], file["type"], file["size"]) == ("a.jpg", "image/jpeg", len(data))
    assert hashlib.sha256(file["content"]).digest() == hashlib.sha256(data).digest()
    assert file["last_modified"].year == 1970
    assert geonb.open_photo(upload.value).source == data
    assert geonb.open_photo(upload).source == data
    send(upload, "b.jpg", data * 3, choice=2)
    assert upload.value == (), "no former file stands for one that did not arrive"
    assert said[-1]["text"].startswith("larger than 200,000 bytes")


def test_without_anywidget_the_command_that_installs_it_is_named():
    code = (
        "import sys; sys.modules['anywidget'] = None\n"
        "import geonb\n"
        "try: geonb.PhotoPicker\n"
        "except geonb.GeonbError as error: print(error)"
    )
    import subprocess
    import sys

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "geonb[picker]"' in run.stdout
