"""What is written loses nothing of the user's: inputs, other files, modes, owners and links."""

import os
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import geonb
from geonb.errors import OutputError
from geonb.writing import check_outputs, claim_folder, is_marked, replacing

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


def write(path, text="new"):
    with replacing(path) as temporary:
        temporary.write_text(text)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(mode)
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert temporary.stat().st_mode & 0o777 == 0o600  # never more open than the old one
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", mode)


def test_a_new_file_has_the_mode_that_any_program_would_give_it(tmp_path):
    write(tmp_path / "a.txt")
    (tmp_path / "b.txt").write_text("")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can")
def test_root_leaves_a_users_file_to_the_user(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    os.chown(path, 1234, 1235)
    write(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235)


def test_attributes_stay(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    try:
        os.setxattr(path, "user.rating", b"5")
    except OSError:
        pytest.skip("this disk has no attributes")
    write(path)
    assert os.getxattr(path, "user.rating") == b"5"


def test_a_link_stays_a_link_to_the_new_content(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "object").write_text("old")
    (tmp_path / "a.txt").symlink_to("store/object")
    write(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "store" / "object").read_text() == "new"


def test_a_link_to_nothing_makes_no_file_elsewhere(tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / ".bash_profile")
    with pytest.raises(OutputError, match=r"a\.txt: cannot write it \(a link to nothing\)"):
        write(tmp_path / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_what_is_write_protected_stays_as_it_is(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o444)  # root could write it all the same
    with pytest.raises(OutputError, match=r"cannot write it \(it is write-protected\)"):
        write(path)
    assert path.read_text() == "old"


def test_pipes_and_devices_stay_what_they_are(tmp_path):
    os.mkfifo(tmp_path / "pipe.html")
    for path in (tmp_path / "pipe.html", "/dev/null"):
        before = Path(path).stat()
        with pytest.raises(OutputError, match="a pipe or a device, not a file"):
            write(path)
        assert stat.S_IFMT(Path(path).stat().st_mode) == stat.S_IFMT(before.st_mode)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_temporary_file_is_never_an_existing_one(tmp_path, monkeypatch):
    import uuid

    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=7))
    name = f".part-{uuid.UUID(int=7).hex}.txt"
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="cannot write it"):
        write(tmp_path / "a.txt")
    assert not (tmp_path / "elsewhere").exists()


def test_an_output_is_none_of_the_inputs_whatever_they_are_called(tmp_path):
    (tmp_path / "a.jpg").write_text("photo")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    (tmp_path / "hard.jpg").hardlink_to(tmp_path / "a.jpg")
    for name in ("a.jpg", "./a.jpg", "link.jpg", "hard.jpg"):
        with pytest.raises(OutputError, match="is an input, and writing would lose it"):
            check_outputs([tmp_path / name], ["https://x.example/a.jpg", tmp_path / "a.jpg"],
                          overwrite=True)  # fmt: skip
    check_outputs([tmp_path / "new.png"], [tmp_path / "a.jpg"])
    with pytest.raises(OutputError, match="named for two outputs"):
        check_outputs([tmp_path / "new.png"] * 2)


def test_what_geonb_made_may_be_made_again_and_nothing_else(tmp_path):
    shown = geonb.show_map(geonb.published_answer(), provider="static")
    for ending in ("png", "svg", "pdf"):
        shown.save(tmp_path / f"map.{ending}")
        check_outputs([tmp_path / f"map.{ending}"])
    from geonb.maps.page import save_page

    save_page(tmp_path / "page.html", "title", "<p>body</p>")
    check_outputs([tmp_path / "page.html"])
    for name in ("mine.png", "mine.html"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(OutputError, match="is there already; name another file, or --over"):
            check_outputs([tmp_path / name])
        check_outputs([tmp_path / name], overwrite=True)


def test_a_folder_is_refused_when_it_is_written(tmp_path):
    (tmp_path / "map.html").mkdir()
    check_outputs([tmp_path / "map.html"])
    with pytest.raises(OutputError, match=r"map\.html: cannot write"):
        write(tmp_path / "map.html")


def test_what_cannot_be_looked_into_is_not_marked(tmp_path):
    claim_folder(tmp_path / "own")
    assert is_marked(tmp_path / "own")
    assert not is_marked(tmp_path / ("x" * 300))


def test_a_picture_and_a_page_replace_another_file_only_if_they_are_told_to(tmp_path):
    answer = geonb.published_answer()
    picture, page = tmp_path / "mine.png", tmp_path / "mine.html"
    writers = [
        (picture, geonb.show_map(answer, provider="static").save),
        (page, partial(geonb.write_page, answer)),
    ]
    for path, write_to in writers:
        path.write_text("mine")
        with pytest.raises(OutputError, match="is there already"):
            write_to(path)
        assert path.read_text() == "mine"
        write_to(path, overwrite=True)
        write_to(path)  # its own
        assert path.stat().st_size > 1000


def test_neither_a_copy_nor_a_page_is_written_over_its_photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.jpg"
    path.write_bytes(geonb.example_photo().source)
    before = path.read_bytes()
    photo = geonb.open_photo("a.jpg")
    answer = replace(geonb.published_answer(), photo=photo)
    for write_over in (
        lambda: photo.without_place(path),
        lambda: geonb.open_photo(path).without_place("./a.jpg"),
        lambda: geonb.write_page(answer, path, overwrite=True),
    ):
        with pytest.raises(OutputError, match="is an input, and writing would lose it"):
            write_over()
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["a.jpg", os.fsdecode(b"b\xff.jpg")])
def test_no_copy_is_written_over_its_photo_whatever_the_photo_was_called(
    tmp_path, monkeypatch, name
):
    path = tmp_path / name
    before = geonb.example_photo().source
    path.write_bytes(before)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    photos = [geonb.open_photo(f"~/{name}"), geonb.open_photo(name)]
    monkeypatch.chdir("/")
    for photo in photos:
        with pytest.raises(OutputError, match="is an input, and writing would lose it"):
            photo.without_place(path)
    assert path.read_bytes() == before
