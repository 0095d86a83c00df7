"""What is written: it can be, or one line says why not; and it does no harm where it is opened."""

import csv
import io

import numpy as np
import pytest

import geonb
import geonb_lab
from geonb.errors import GeonbError, OutputError
from geonb.writing import replacing
from support.command import run_geonb
from support.limits import powerless, quota

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


def test_demo_in_a_folder_that_cannot_be_written(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    run = run_geonb("demo", cwd=folder, before=powerless)
    assert run.returncode == 2
    assert "where.png: cannot write it (Permission denied); choose another folder" in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout.startswith("photo example.jpg"), "the answer is there before the map"


@pytest.mark.parametrize("target", ["/proc/x.png", "/proc/x.html", "file/x.png", "folder.svg"])
def test_a_map_that_cannot_be_written(tmp_path, target):
    (tmp_path / "file").touch()
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "a.jpg").write_bytes(geonb.example_photo().source)
    run = run_geonb("locate", "a.jpg", "--model", "mini", "--map", target, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith(f"geonb: {target}: cannot write it (")
    assert len(run.stderr.splitlines()) == 1


def test_a_full_disk(tmp_path):
    (tmp_path / "a.jpg").write_bytes(geonb.example_photo().source)
    arguments = ["locate", "a.jpg", "--model", "mini"]
    assert run_geonb(*arguments, cwd=tmp_path).returncode == 0  # the network is in the cache now
    run = run_geonb(*arguments, "--map", "map.png", cwd=tmp_path, before=quota(10_000))
    assert run.returncode == 2
    assert run.stderr == (
        "geonb: map.png: cannot write it (File too large); choose another folder, or free "
        "some space\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("ending", ["csv", "md", "png"])
def test_a_result_that_cannot_be_saved(ending):
    result = geonb_lab.evaluate(np.zeros((9, 2)), np.zeros((9, 2)))
    with pytest.raises(OutputError, match=rf"/proc/x\.{ending}: cannot write it"):
        result.save(f"/proc/x.{ending}")


def test_a_name_that_is_too_long(tmp_path):
    with pytest.raises(OutputError, match="cannot write it"):
        geonb.example_photo().without_place(tmp_path / ("x" * 5000 + ".jpg"))
    assert list(tmp_path.iterdir()) == []


def test_other_failures_are_not_taken_for_a_full_disk(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "a"):
        (tmp_path / "elsewhere").read_text()
    assert not isinstance(caught.value, GeonbError)


@pytest.mark.parametrize("name", [r"$\frac{$", "a $x$ b", "$", "\\$_{", "a\nb"])
def test_names_that_look_like_mathematics_are_drawn(name):
    places = np.zeros((9, 2))
    ours = geonb_lab.evaluate(places, places, name=name, test_set=name)
    assert ours.plot().image().startswith(b"\x89PNG")
    labels = [text.get_text() for text in ours.figure().axes[0].get_legend().get_texts()]
    shown = name.replace("\n", "\\n")
    assert any(label.replace(r"\$", "$").startswith(shown) for label in labels)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_csv_is_a_formula(name):
    result = geonb_lab.evaluate(np.zeros((9, 2)), np.zeros((9, 2)), name=name, test_set=name)
    rows = list(csv.DictReader(io.StringIO(result.to_csv(), newline="")))
    cells = [cell for row in rows for cell in row.values()]
    assert any(cell.startswith(("'" + name, repr(name)[1:-1])) for cell in cells)
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r"))]
