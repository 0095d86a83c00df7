"""The journal lies where anybody may have put a file of its name."""

import json
import os

import pytest

from geonb.errors import EvaluationError
from geonb_lab.many.journal import journal
from geonb_lab.many.results import Result
from geonb_lab.many.tables import row

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet

BEGUN = {"geonb": "0", "model": "mini", "top": 1, "within": (1.0, 2.0, 3.0)}
ROW = row(Result("a.jpg"), "mini", 1) | {"lat_1": 1.0, "lng_1": 2.0}


def broken_off(table, begun=BEGUN, **options):
    with pytest.raises(KeyboardInterrupt), journal(table, begun, **options) as rows:  # noqa: PT012
        rows.add(ROW)
        raise KeyboardInterrupt
    return table.with_name(f".{table.name}.journal")


def done(table, **options):
    with pytest.raises(KeyboardInterrupt), journal(table, BEGUN, **options) as rows:  # noqa: PT012
        found = set(rows.done)
        raise KeyboardInterrupt
    return found


def test_a_run_goes_on_where_it_was_broken_off(tmp_path):
    broken_off(tmp_path / "r.csv")
    assert done(tmp_path / "r.csv") == {"a.jpg"}  # with a circle, which JSON gives back as a list


def test_a_run_with_other_options_does_not_go_on(tmp_path):
    path = broken_off(tmp_path / "r.csv")
    with pytest.raises(EvaluationError, match=r'begun with .*"top": 1.*not .*"top": 2.* --overwr'):
        broken_off(tmp_path / "r.csv", BEGUN | {"top": 2})
    assert path.exists()


def test_a_table_that_is_there_gets_no_journal_beside_it(tmp_path):
    (tmp_path / "r.csv").write_text("mine")
    with pytest.raises(
        EvaluationError, match=r"r\.csv: is there already; name another file, or --"
    ):
        broken_off(tmp_path / "r.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


def test_no_link_is_followed(tmp_path):
    """A folder from elsewhere may hold a link of the journal's name."""
    mine = tmp_path / ".bash_profile"
    mine.write_text("export A=1\n")
    for target in (mine, tmp_path / "nothing"):
        path = tmp_path / ".r.csv.journal"
        path.symlink_to(target)
        for options in ({}, {"again": True}, {"resume": True}):
            with pytest.raises(EvaluationError, match="it is a link"):
                broken_off(tmp_path / "r.csv", **options)
        path.unlink()
    (tmp_path / ".r.csv.journal").hardlink_to(mine)
    with pytest.raises(EvaluationError, match="isn't a journal of geonb's"):
        broken_off(tmp_path / "r.csv")
    assert mine.read_text() == "export A=1\n"
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("text", ["my own notes\n", "x", '{"other": 1}\n', "\n"])
@pytest.mark.parametrize("options", [{}, {"again": True}, {"resume": True}])
def test_a_file_of_the_user_is_left_as_it_is(tmp_path, text, options):
    (tmp_path / ".r.csv.journal").write_text(text)
    (tmp_path / ".r.csv.lock").write_text("mine")
    with pytest.raises(EvaluationError, match=r"\.journal: is there, and isn't a journal of geonb"):
        broken_off(tmp_path / "r.csv", **options)
    assert (tmp_path / ".r.csv.journal").read_text() == text
    assert (tmp_path / ".r.csv.lock").read_text() == "mine"


def test_pipes_and_folders_are_no_journals(tmp_path):
    os.mkfifo(tmp_path / ".r.csv.journal")
    with pytest.raises(EvaluationError, match="isn't a journal"):
        broken_off(tmp_path / "r.csv")
    (tmp_path / ".s.csv.journal").mkdir()
    with pytest.raises(EvaluationError, match="cannot write there"):
        broken_off(tmp_path / "s.csv")


def test_a_journal_that_came_with_the_folder_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setenv("GEONB_CACHE", str(tmp_path / "theirs"))
    path = broken_off(tmp_path / "r.csv")
    theirs = path.read_bytes()
    monkeypatch.setenv("GEONB_CACHE", str(tmp_path / "mine"))
    with pytest.raises(EvaluationError, match=r"wasn't begun by you.*--resume .* --overwrite"):
        done(tmp_path / "r.csv")
    assert path.read_bytes() == theirs
    assert done(tmp_path / "r.csv", resume=True) == {"a.jpg"}
    assert done(tmp_path / "r.csv", again=True) == set()
    assert done(tmp_path / "r.csv") == set()  # and now it's mine


@pytest.mark.parametrize("cache", ["file", "closed"])
def test_a_cache_that_cannot_be_written_costs_the_resuming_only(tmp_path, monkeypatch, cache):
    (tmp_path / "file").touch()
    (tmp_path / "closed").symlink_to("/proc")
    monkeypatch.setenv("GEONB_CACHE", str(tmp_path / cache))
    broken_off(tmp_path / "r.csv")
    with pytest.raises(EvaluationError, match="wasn't begun by you"):
        done(tmp_path / "r.csv")


@pytest.mark.parametrize(
    "rows",
    ["3", "[]", "{}", '{"photo": 1}', '{"photo": "b"}\n{"photo": "c", "x": 1}', "[" * 10**5],
)
def test_rows_that_are_none_are_one_line(tmp_path, rows):
    path = broken_off(tmp_path / "r.csv")
    path.write_text(f"{path.read_text()}{rows}\n")
    with pytest.raises(EvaluationError, match=r"not the journal of a run.*--overwrite"):
        done(tmp_path / "r.csv")


def test_what_a_kill_left_half_written_is_cut_off(tmp_path):
    path = broken_off(tmp_path / "r.csv")
    whole = path.read_bytes()
    for cut in range(1, len(json.dumps(ROW)) + 1):
        path.write_bytes(whole[:-cut])
        assert done(tmp_path / "r.csv") == set()
    for left in (0, 20, 60):  # killed within the first line
        path.write_bytes(whole[:left])
        assert done(tmp_path / "r.csv") == set()


def test_one_run_at_a_time(tmp_path):
    with journal(tmp_path / "r.csv", BEGUN), pytest.raises(EvaluationError, match="another run"):
        broken_off(tmp_path / "r.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [{"photo": "a.jpg"}, ROW | {"lat_1": ["x"]}, ROW | {"more": 1}])
def test_rows_of_a_stranger_fit_the_table(tmp_path, wrong):
    """With --resume they ended in a traceback when the table was written, after all the work."""
    path = tmp_path / ".r.csv.journal"
    path.write_text(json.dumps({"geonb journal": "theirs", **BEGUN}) + f"\n{json.dumps(wrong)}\n")
    with pytest.raises(EvaluationError, match=r"not the journal of a run.*--overwrite"):
        done(tmp_path / "r.csv", resume=True)


@pytest.mark.parametrize("text", ["", '{"geonb journal": 1'])
def test_a_table_is_kept_beside_a_journal_that_tells_no_run(tmp_path, text):
    """A folder from elsewhere may hold an empty one."""
    (tmp_path / "r.csv").write_text("mine")
    (tmp_path / ".r.csv.journal").write_text(text)
    for options in ({}, {"resume": True}):
        with (
            pytest.raises(EvaluationError, match=r"r\.csv: is there already"),
            journal(tmp_path / "r.csv", BEGUN, **options) as rows,
        ):
            rows.write(tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_text() == "mine"
    assert (tmp_path / ".r.csv.journal").read_text() == text


def test_a_file_is_no_journal_whatever_its_size(tmp_path):
    with (tmp_path / ".r.csv.journal").open("wb") as file:
        file.truncate(1 << 40)  # bytes, none of them on the disk
    with pytest.raises(EvaluationError, match="isn't a journal of geonb's"):
        done(tmp_path / "r.csv")
