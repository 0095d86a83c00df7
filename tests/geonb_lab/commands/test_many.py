"""``geonb locate`` on folders and lists: tables that survive anything, and labels."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
from click.testing import CliRunner

import geonb
from geonb.__main__ import main
from geonb.errors import EvaluationError
from geonb_lab.many import tables
from geonb_lab.many.finding import list_photos
from geonb_lab.many.journal import journal
from geonb_lab.many.results import Result
from support.command import run_geonb
from support.limits import powerless, quota
from support.pictures import exif, picture

pytestmark = pytest.mark.newest  # beside MXNet, all of it is the same


@pytest.fixture
def folder(tmp_path):
    """Nine small photos in two folders, one of them with a place."""
    for i in range(8):
        path = tmp_path / "photos" / ("a" if i % 2 else "b/c") / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture().save(path)
    picture().save(tmp_path / "photos" / "placed.jpg", exif=exif(place=(48.8584, 2.2945)))
    return tmp_path / "photos"


def locate(*arguments, cwd, **environment):
    return run_geonb("locate", *arguments, "--model", "mini", cwd=cwd, **environment)


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_table(tmp_path, folder):
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not a photo")
    run = locate(folder, "--out", "r.csv", "--top", 2, cwd=tmp_path)
    assert run.returncode == 2
    assert "1  failed: this is not a picture" in run.stdout
    assert "1  left out: they aren't photos" in run.stdout
    rows = read(tmp_path / "r.csv")
    assert len(rows) == 10
    placed = next(row for row in rows if row["photo"].endswith("placed.jpg"))
    assert float(placed["exif_lat"]) == pytest.approx(48.8584, abs=1e-4)
    guess = (float(placed["lat_1"]), float(placed["lng_1"]))
    km = geonb.distance(guess, (48.8584, 2.2945))
    assert float(placed["distance_km"]) == pytest.approx(km, abs=0.1)
    alone = geonb.predict(geonb.load_model("mini"), folder / "placed.jpg", top=2)
    assert float(placed["probability_2"]) == pytest.approx(alone[1].probability, rel=1e-4)
    assert placed["town_1"] == alone[0].town.full_name
    assert [row["error"] for row in rows if row["photo"].endswith("broken.jpg")] != [""]
    assert not list(tmp_path.glob(".r.csv*"))


@pytest.mark.newest  # pyarrow needs NumPy 2
def test_parquet_and_geojson_hold_the_same(tmp_path, folder):
    import pyarrow.parquet

    for name in ("r.csv", "r.parquet", "r.geojson"):
        assert locate(folder, "--out", name, cwd=tmp_path).returncode == 0
    rows = read(tmp_path / "r.csv")
    table = pyarrow.parquet.read_table(tmp_path / "r.parquet").to_pylist()
    features = json.loads((tmp_path / "r.geojson").read_text())["features"]
    for row, record, feature in zip(rows, table, features, strict=True):
        assert row["photo"] == record["photo"] == feature["properties"]["photo"]
        assert float(row["lat_1"]) == record["lat_1"] == feature["geometry"]["coordinates"][1]
        assert record["error"] is None


def test_a_list_of_photos_and_standard_input(tmp_path, folder):
    (tmp_path / "photos.txt").write_text("photos/a/1.jpg\n\nphotos/a/3.jpg\n")
    assert locate("photos.txt", "--out", "r.csv", cwd=tmp_path).returncode == 0
    assert len(read(tmp_path / "r.csv")) == 2
    command = [sys.executable, "-m", "geonb", "locate", "-", "--model", "mini", "--json"]
    names = f"{folder / 'a' / '5.jpg'}\n"
    run = subprocess.run(command, input=names, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout)["photo"].endswith("5.jpg")


def test_killed_at_random_moments_every_photo_is_there_once(tmp_path, folder):
    command = [
        *(sys.executable, "-m", "geonb", "locate", str(folder), "--model", "mini"),
        *("--out", "r.csv"),
    ]
    journal = tmp_path / ".r.csv.journal"
    lengths = []
    dice = random.Random(13)
    for _ in range(20):
        run = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        before = journal.stat().st_size if journal.exists() else 0
        # Once it works (the journal grows), any moment will do; a kill at the start tests nothing.
        while run.poll() is None and not (journal.exists() and journal.stat().st_size > before):
            time.sleep(0.001)
        time.sleep(dice.random() * 0.02)
        run.kill()
        run.wait()
        if not journal.exists():
            break  # it was done before the kill
        lengths.append(len(journal.read_bytes().splitlines()))
    assert lengths == sorted(lengths)
    if journal.exists():
        assert locate(folder, "--out", "r.csv", cwd=tmp_path).returncode == 0
    names = [row["photo"] for row in read(tmp_path / "r.csv")]
    assert len(names) == len(set(names)) == 9


def test_a_line_that_a_kill_cut_is_done_again(tmp_path, folder):
    assert locate(folder, "--out", "r.csv", cwd=tmp_path).returncode == 0
    whole = read(tmp_path / "r.csv")
    begun = {"geonb": geonb.__version__, "model": "mini", "engine": "onnxruntime", "top": 5}
    (tmp_path / "r.csv").unlink()
    with pytest.raises(KeyboardInterrupt), journal(tmp_path / "r.csv", begun) as table:  # noqa: PT012
        table.add(tables.row(Result(whole[0]["photo"]), "mini", 5))
        raise KeyboardInterrupt
    path = tmp_path / ".r.csv.journal"
    path.write_bytes(path.read_bytes() + b'{"photo": "' + whole[1]["photo"].encode()[:9])
    run = locate(folder, "--out", "r.csv", cwd=tmp_path)
    assert "1 done before" in run.stdout
    assert sorted(row["photo"] for row in read(tmp_path / "r.csv")) == sorted(
        row["photo"] for row in whole
    )


@pytest.mark.slow
def test_ctrl_c_leaves_a_table_of_what_is_done_and_the_run_goes_on(tmp_path):
    picture(900, 700).save(tmp_path / "000.png")
    for i in range(1, 150):  # more than are done before this process looks again
        (tmp_path / f"{i:03}.png").hardlink_to(tmp_path / "000.png")
    command = [
        *(sys.executable, "-m", "geonb", "locate", str(tmp_path), "--model", "mini"),
        *("--out", "r.csv"),
    ]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits it ignored
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    journal = tmp_path / ".r.csv.journal"
    while run.poll() is None and not (journal.exists() and journal.stat().st_size > 1000):
        time.sleep(0.001)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate()
    assert b"Traceback" not in stderr
    assert run.returncode not in {0, 2}, stderr
    part = read(tmp_path / "r.csv")
    assert 0 < len(part) < 150
    again = locate(tmp_path, "--out", "r.csv", cwd=tmp_path)
    assert f"{len(part)} done before" in again.stdout
    assert len({row["photo"] for row in read(tmp_path / "r.csv")}) == 150


def test_a_second_run_on_one_table_says_so(tmp_path, folder):
    with journal(tmp_path / "r.csv", {}):
        run = locate(folder, "--out", "r.csv", cwd=tmp_path)
    assert run.returncode == 2
    assert "another run is writing it" in run.stderr


def test_what_is_there_is_not_overwritten_unless_asked(tmp_path, folder):
    (tmp_path / "r.csv").write_text("mine")
    run = locate(folder, "--out", "r.csv", cwd=tmp_path)
    assert (run.returncode, (tmp_path / "r.csv").read_text()) == (2, "mine")
    assert "--overwrite" in run.stderr
    assert locate(folder, "--out", "r.csv", "--overwrite", cwd=tmp_path).returncode == 0
    assert len(read(tmp_path / "r.csv")) == 9


@pytest.mark.parametrize("name", ["r.xlsx", "r"])
def test_another_ending_is_refused_before_the_work(tmp_path, folder, name):
    run = locate(folder, "--out", name, cwd=tmp_path)
    assert run.returncode == 2
    assert ".parquet, .csv, .geojson" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_full_disk_costs_no_photo(tmp_path, folder):
    command = [
        *(sys.executable, "-m", "geonb", "locate", str(folder), "--model", "mini"),
        *("--out", "r.csv"),
    ]

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write fails, as on a full disk
        quota(3000)()

    run = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, preexec_fn=limit
    )
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert locate(folder, "--out", "r.csv", cwd=tmp_path).returncode == 0
    assert len({row["photo"] for row in read(tmp_path / "r.csv")}) == 9


def test_odd_things_in_a_folder_are_counted(tmp_path, folder):
    (folder / "loop").symlink_to(folder)
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "zero.jpg").symlink_to("/dev/zero")
    closed = folder / "closed"
    closed.mkdir(mode=0)
    command = [sys.executable, "-m", "geonb", "locate", str(folder), "--model", "mini"]
    run = subprocess.run(
        [*command, "--out", "r.csv"], cwd=tmp_path, capture_output=True, text=True, check=False,
        preexec_fn=powerless, timeout=120,
    )  # fmt: skip
    closed.chmod(0o700)
    assert "2  left out: they are no regular files" in run.stdout
    assert "1  left out: they are in folders that can't be read" in run.stdout
    assert "1  failed: no such file" in run.stdout
    assert len(read(tmp_path / "r.csv")) == 10


def test_a_table_that_cannot_be_written_says_what_is_kept(tmp_path):
    (tmp_path / "r.csv").mkdir()  # nothing can be moved onto it
    with (  # noqa: PT012
        pytest.raises(
            EvaluationError, match=r"r\.csv: cannot write \(.*director.*1 photos .* kept"
        ),
        journal(tmp_path / "r.csv", {}, again=True) as table,
    ):
        table.add({"photo": "a.jpg", "error": None})
        table.write(tmp_path / "r.csv")
    assert "a.jpg" in (tmp_path / ".r.csv.journal").read_text()


@pytest.mark.parametrize("thread", [False, True])
def test_ctrl_c_and_threads_are_left_as_they_were(tmp_path, folder, monkeypatch, thread):
    monkeypatch.chdir(tmp_path)
    before = signal.signal(signal.SIGINT, signal.default_int_handler), threading.enumerate()
    codes = []

    def run():
        arguments = ["locate", str(folder), "--model", "mini", "--out", "r.csv"]
        codes.append(CliRunner().invoke(main, arguments).exit_code)

    if thread:  # where no handler of signals can be set
        worker = threading.Thread(target=run)
        worker.start()
        worker.join()
    else:
        run()
    assert codes == [0]
    assert signal.signal(signal.SIGINT, before[0]) is signal.default_int_handler
    assert [t for t in threading.enumerate() if t.name.startswith("geonb")] == []


def test_an_output_is_never_an_input(tmp_path, folder):
    """Each of these replaced the user's photo, list or map once."""
    (tmp_path / "photos.txt").write_text(f"{folder / 'placed.jpg'}\n")
    for name in ("trip.png", "trip-1.png", "trip-2.png"):
        picture().save(tmp_path / name)
    photo = tmp_path / "trip.png"
    for command in (
        (photo, "--map", photo),
        (photo, tmp_path / "trip-1.png", "--map", photo),
        (photo, "--page", photo),
        (photo, "--page", "r.csv", "--out", "r.csv"),
        ("photos.txt", "--page", "photos.txt"),
        ("photos.txt", "--page", folder / "placed.jpg"),
    ):
        for more in ((), ("--overwrite",)):
            before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
            run = locate(*command, *more, cwd=tmp_path)
            assert run.returncode == 2, command
            assert "is an input, and" in run.stderr or "two outputs" in run.stderr, run.stderr
            assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


@pytest.mark.parametrize("option", ["--map", "--page"])
def test_a_file_that_geonb_did_not_write_is_replaced_only_if_asked(tmp_path, folder, option):
    (tmp_path / "mine.html").write_text("mine")
    command = (folder / "placed.jpg", option, "mine.html")
    run = locate(*command, cwd=tmp_path)
    assert (run.returncode, (tmp_path / "mine.html").read_text()) == (2, "mine")
    assert "is there already; name another file, or --overwrite" in run.stderr
    assert locate(*command, "--overwrite", cwd=tmp_path).returncode == 0
    assert locate(*command, cwd=tmp_path).returncode == 0  # it's geonb's now


def test_names_that_are_not_utf8_and_addresses_with_a_query_have_one_row_each(tmp_path):
    """Also when the run is broken off and goes on."""
    name = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    picture().save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").rename(os.fsdecode(name))
    site = "http://user:secret@127.0.0.1:9/a.jpg"
    listed = [name, f"{site}?key=hidden1".encode(), f"{site}?key=hidden2".encode()]
    (tmp_path / "photos.txt").write_bytes(b"\n".join(listed))
    for ending in ("csv", "geojson", "parquet"):
        run = locate("photos.txt", "--out", f"whole.{ending}", cwd=tmp_path)
        assert (run.returncode, "Traceback" in run.stderr) == (2, False), run.stderr
    whole = read(tmp_path / "whole.csv")
    assert len({row["photo"] for row in whole}) == 3
    from geonb_lab.many.results import predict_many
    from geonb_lab.many.tables import row

    begun = {"geonb": geonb.__version__, "model": "mini", "engine": "onnxruntime", "top": 5}
    photos, _ = list_photos([str(tmp_path / "photos.txt")])
    results = list(predict_many(geonb.load_model("mini"), photos, progress=False))
    for kept in (1, 2, 3):
        table = tmp_path / f"{kept}.csv"
        with pytest.raises(KeyboardInterrupt), journal(table, begun) as rows:  # noqa: PT012
            for result in results[:kept]:
                rows.add(row(result, "mini", 5))
            raise KeyboardInterrupt
        run = locate("photos.txt", "--out", table.name, cwd=tmp_path)
        assert f"{kept} done before" in run.stdout
        assert [row["photo"] for row in read(table)] == [row["photo"] for row in whole]
    for path in tmp_path.iterdir():
        if path.name != "photos.txt":
            assert not [word for word in (b"secret", b"hidden") if word in path.read_bytes()], path


def test_a_broken_list_on_standard_input_is_one_line():
    command = [sys.executable, "-m", "geonb", "unlabel", "-"]
    run = subprocess.run(command, input=b"\xff\xfep", capture_output=True, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith(b"geonb: standard input: not a list of photos")
    assert run.stderr.count(b"\n") == 1
