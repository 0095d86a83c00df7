"""Photos in folders and lists: what is one, and what is left out for which reason."""

import os
from pathlib import Path

import pytest

from geonb_lab.many.finding import list_photos
from support.pictures import picture

pytestmark = pytest.mark.newest  # nothing in it depends on NumPy or MXNet


def test_lists_as_other_programs_write_them(tmp_path):
    name = tmp_path / "a\u2028b\x0bc\x85.jpg"
    text = f"{name}\r\n\r\nphotos/b.jpg\r\nhttps://a.org/c.jpg\r\n"
    listed = [str(name), str(tmp_path / "photos" / "b.jpg"), "https://a.org/c.jpg"]
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "photos.txt").write_bytes(text.encode(encoding))
        assert list_photos([str(tmp_path / "photos.txt")]) == (listed, {})


ASIDE = [
    *("@eaDir/x.jpg", "#recycle", ".thumbnails/large", "Catalog Previews.lrdata/0"),
    *("$RECYCLE.BIN", "A.photoslibrary/resources/derivatives", ".@__thumb"),
]


def test_previews_and_waste_of_other_programs_are_left_out_and_counted(tmp_path):
    for inside in ASIDE:
        (tmp_path / inside).mkdir(parents=True)
        picture().save(tmp_path / inside / "SYNOPHOTO_THUMB_XL.jpg")
    (tmp_path / "A.photoslibrary" / "originals").mkdir()
    original = tmp_path / "A.photoslibrary" / "originals" / "1.jpg"
    picture().save(original)
    (tmp_path / "linked").symlink_to(tmp_path)
    photos, skipped = list_photos([str(tmp_path)])
    assert photos == [str(original)]
    assert skipped == {"are previews or deleted photos": len(ASIDE), "are linked folders": 1}


def test_a_raw_photo_beside_its_picture_is_not_a_second_one(tmp_path):
    for name in ("a.CR2", "a.jpg", "b.dng", "c/a.NEF", "c/a.heic", "c/d.arw"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    photos, skipped = list_photos([str(tmp_path)])
    names = [str(Path(path).relative_to(tmp_path)) for path in photos]
    assert names == ["a.jpg", "b.dng", "c/a.heic", "c/d.arw"]
    assert skipped == {"are raw photos beside their pictures": 2}


def test_folders_a_thousand_deep(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(1100):
        Path("d").mkdir()
        os.chdir("d")
    picture().save("deep.jpg")
    try:
        assert [p[-8:] for p in list_photos([str(tmp_path)])[0]] == ["deep.jpg"]
    finally:  # what removes the folders of tests goes no deeper than Python's stack
        Path("deep.jpg").unlink()
        for _ in range(1100):
            os.chdir("..")
            Path("d").rmdir()
