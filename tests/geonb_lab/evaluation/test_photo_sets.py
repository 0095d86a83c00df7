"""Photos with places: folders, CSVs, and what is wrong with them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from geonb.errors import EvaluationError, PlaceError
from geonb_lab.evaluation.photo_sets import read_photos
from geonb_training.scenes import draw, shoot
from support.exiftool import needs_exiftool
from support.pictures import PLACE, encoded, exif, picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four scenes of two people with EXIF, one photo without, one that is none."""
    folder = tmp_path_factory.mktemp("holiday")
    for i, person in enumerate(["ada", "ada", "bo", "bo"]):
        (folder / person).mkdir(exist_ok=True)
        draw(shoot(i)).save(folder / person / f"{i}.jpg")
    Image.new("RGB", (30, 30)).save(folder / "plain.png")
    (folder / "broken.jpg").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("no photo")
    return folder


def write(path, *lines):
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_folder_with_exif(folder):
    photos = read_photos(folder)
    assert len(photos) == 4
    assert photos.photographers == ("ada", "ada", "bo", "bo")
    expected = [shoot(i).place for i in range(4)]
    assert np.abs(photos.truth - expected).max() < 1e-4
    assert photos.skipped == {"aren't photos": 1, "cannot be read": 1, "have no place": 1}
    assert "4 photos with places; 1 aren't photos; 1 cannot be read; 1 have no place" in repr(
        photos
    )


def test_exif_s_artist_is_the_photographer(folder, tmp_path):
    for name, artist in (("a", "Ada Lovelace"), ("b", "")):
        with Image.open(folder / "bo" / "2.jpg") as image:
            exif = image.getexif()
            if artist:
                exif[ExifTags.Base.Artist] = artist
            image.save(tmp_path / f"{name}.jpg", exif=exif)
    assert read_photos(tmp_path).photographers == ("Ada Lovelace", "")


def test_a_folder_with_a_table_of_its_places(folder, tmp_path):
    table = write(tmp_path / "truth.csv", "path,lat,lng", "plain.png,1,2", "gone.jpg,3,4")
    photos = read_photos(folder, table)
    assert photos.truth[-2:].tolist() == [[1, 2], [3, 4]]
    assert photos.missing == 1  # gone.jpg stays in, and will count as wrong
    assert "1 are not on the disk" in repr(photos)


@pytest.fixture
def years(tmp_path):
    """Two photos of one name, as a camera gives them, and one whose name is its own."""
    for name in ("2019/IMG_0001.jpg", "2020/IMG_0001.jpg", "2020/IMG_0002.jpg"):
        (tmp_path / "years" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (30, 30)).save(tmp_path / "years" / name)
    return tmp_path / "years"


def test_photos_of_one_name_have_their_own_places(years, tmp_path):
    table = write(
        tmp_path / "truth.csv",
        *("path,lat,lng", "2020/IMG_0001.jpg,20,2", "2019/IMG_0001.jpg,19,1", "IMG_0002.jpg,3,4"),
    )
    photos = read_photos(years, table)
    names = [str(Path(photo).relative_to(years)) for photo in photos.photos]
    assert names == ["2019/IMG_0001.jpg", "2020/IMG_0001.jpg", "2020/IMG_0002.jpg"]
    assert photos.truth.tolist() == [[19, 1], [20, 2], [3, 4]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["IMG_0001.jpg,1,2"], r"'IMG_0001.jpg' fits 2 photos \(2019/IMG_0001.jpg, 2020/"),
        (["a/2020/IMG_0002.jpg,1,2", "b/2020/IMG_0002.jpg,3,4"], "fit one photo, IMG_0002.jpg"),
    ],
)
def test_an_ambiguous_name_is_an_error(rows, message, years, tmp_path):
    table = write(tmp_path / "truth.csv", "path,lat,lng", *rows)
    with pytest.raises(EvaluationError, match=rf"{message}.*write paths relative to "):
        read_photos(years, table)


def test_a_row_of_another_folder_is_no_photo_s_place(years, tmp_path):
    """2018 is absent: its row stays in as missing, and lends its place to nobody."""
    rows = ("2018/IMG_0002.jpg,1,2", "/disk/years/2020/IMG_0002.jpg,3,4", "2020/IMG_0001.jpg,5,6")
    photos = read_photos(years, write(tmp_path / "truth.csv", "path,lat,lng", *rows))
    assert (len(photos), photos.missing) == (3, 1)
    places = dict(zip(photos.photos, photos.truth.tolist(), strict=True))
    assert places[str(years / "2020/IMG_0002.jpg")] == [3, 4]
    assert places[str(years / "2018/IMG_0002.jpg")] == [1, 2]


def test_a_folder_from_an_iphone(tmp_path):
    (tmp_path / "IMG_1.HEIC").write_bytes(encoded(picture(), "HEIC", exif=exif()))
    (tmp_path / "IMG_1.MOV").write_bytes(b"a film")
    (tmp_path / ".DS_Store").write_bytes(b"the system's own")
    photos = read_photos(tmp_path)
    assert photos.truth[0] == pytest.approx(PLACE, abs=1e-4)
    assert photos.skipped == {"aren't photos": 1}


def test_a_folder_without_a_place_says_why(tmp_path, monkeypatch):
    (tmp_path / "1.heic").write_bytes(encoded(picture(), "HEIC", exif=exif()))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(EvaluationError, match=r"1 cannot be read; the first: .*geonb\[heic\]"):
        read_photos(tmp_path)


@pytest.mark.parametrize(
    "lines",
    [
        ("path,lat,lng,photographer", "a.jpg,1.5,-2.5,eve", "https://x.example/b.jpg,3,4,"),
        ("\ufeffPhotographer,Longitude,Latitude,File", "eve,-2.5,1.5,a.jpg", ",4,3,https://x.example/b.jpg"),
        ("path,lat,lng,user", "", "a.jpg,1.5,-2.5,eve", "", "https://x.example/b.jpg,3,4,"),
    ],
)  # fmt: skip
def test_a_csv(lines, tmp_path):
    photos = read_photos(write(tmp_path / "photos.csv", *lines))
    assert photos.photos == (str(tmp_path / "a.jpg"), "https://x.example/b.jpg")
    assert photos.truth.tolist() == [[1.5, -2.5], [3, 4]]
    assert photos.photographers == ("eve", "")
    assert photos.name == "photos.csv"


def test_what_is_skipped_is_counted(tmp_path):
    lines = ("path,lat,lng", "a.jpg,1,2", "a.jpg,1,2", "b.jpg,,", "c.jpg,3,4")
    photos = read_photos(write(tmp_path / "photos.csv", *lines))
    assert len(photos) == 2
    assert photos.skipped == {"are listed twice": 1, "have no place": 1}


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("a.jpg,139.7,35.6", PlaceError, "line 2: .*swapped: geonb takes latitude first"),
        ("a.jpg,nan,35.6", PlaceError, "line 2: .*nan"),
        ("a.jpg,north,35.6", EvaluationError, "line 2: latitude 'north'"),
        ("a.jpg,1", EvaluationError, "line 2: latitude '1' and longitude ''"),
        (",1,2", EvaluationError, "line 2: no path"),
        ('"a.jpg,1,2', EvaluationError, "not a CSV"),
    ],
)
def test_a_row_that_is_wrong(line, error, message, tmp_path):
    with pytest.raises(error, match=message):
        read_photos(write(tmp_path / "photos.csv", "path,lat,lng", line))


def test_a_table_that_is_wrong(tmp_path):
    with pytest.raises(EvaluationError, match="expected the columns path, lat, lng"):
        read_photos(write(tmp_path / "a.csv", "path,place", "a.jpg,here"))
    with pytest.raises(EvaluationError, match="no photo with a place"):
        read_photos(write(tmp_path / "b.csv", "path,lat,lng"))
    with pytest.raises(EvaluationError, match="no such folder or CSV"):
        read_photos(tmp_path / "c.csv")
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EvaluationError, match="not a CSV in UTF-8"):
        read_photos(tmp_path / "d.csv")
    with pytest.raises(EvaluationError, match="truth= goes with a folder"):
        read_photos(write(tmp_path / "e.csv", "a.jpg,1,2"), tmp_path / "a.csv")
    with pytest.raises(EvaluationError, match="cannot read it, expected a CSV"):
        read_photos(tmp_path, tmp_path / "z.csv")


SCENES = ("a_1.jpg", "b_2.jpg", "c_3.jpg")
FORMS = {
    "IM2GPS3k": ("im2gps3k_places365.csv", "IMG_ID,AUTHOR,LAT,LON", "im2gps3ktest", ".jpg"),
    "YFCC4k": ("yfcc4k_places365.csv", "IMG_ID,AUTHOR,LAT,LON", "yfcc4k", ".jpg"),
    "YFCC26k": ("yfcc25600_places365.csv", "IMG_ID,AUTHOR,LAT,LON", "yfcc25600", ".jpg"),
    "GWS15k": ("gws15k.csv", "IMG_ID,AUTHOR,LAT,LON", "gws15k_images", ".jpg"),
    "OSV-5M": ("osv5m/test.csv", "id,captured_at,latitude,longitude", "osv5m/images/test/00", ""),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("given", ["table", "folder"])
def test_a_test_set_as_it_is_passed_around(name, given, tmp_path):
    table, head, images, ending = FORMS[name]
    images, table = tmp_path / images, tmp_path / table
    images.mkdir(parents=True)
    rows = [f"{Path(n).stem}{ending},x,{i}.5,-{i}" for i, n in enumerate((*SCENES, "gone.jpg"))]
    write(table, head, *rows)
    for scene in SCENES:
        (images / scene).touch()
    photos = read_photos(table if given == "table" else images)
    assert photos.name == name
    assert photos.photos[:3] == tuple(str(images / scene) for scene in SCENES)
    assert photos.truth.tolist() == [[0.5, 0], [1.5, -1], [2.5, -2], [3.5, -3]]
    assert photos.missing == 1  # counts as wrong


def test_two_tables_of_a_test_set(tmp_path):
    (tmp_path / "yfcc4k").mkdir()
    for name in ("yfcc4k.csv", "yfcc4k_places365.csv"):
        write(tmp_path / name, "IMG_ID,LAT,LON", "a.jpg,1,2")
    with pytest.raises(EvaluationError, match=r"2 tables of YFCC4k \(yfcc4k\.csv, "):
        read_photos(tmp_path / "yfcc4k")


def test_a_folder_with_the_name_of_its_table(tmp_path):
    (tmp_path / "trip").mkdir()
    (tmp_path / "trip" / "7.png").touch()
    photos = read_photos(write(tmp_path / "trip.csv", "id,latitude,longitude", "7,1,2"))
    assert photos.photos == (str(tmp_path / "trip" / "7.png"),)
    assert photos.name == "trip.csv"


AS_OTHERS_WRITE_THEM = {
    "semicolons": "path;Lat;Lng\nb.jpg;1;2\na.jpg;35,6586;139,7454\n",
    "excel": "sep=;\npath;lat;lng\na.jpg;35,6586;139,7454\nb.jpg;1;2\n",
    "tabs": "photo\tlatitude\tlongitude\na.jpg\t35.6586\t139.7454\nb.jpg\t1\t2\n",
    "letters": "path,lat,lng\na.jpg,35.6586N,139.7454 E\nb.jpg,N1,2E\n",
    "exiftool": "SourceFile,GPSLatitude,GPSLongitude\n"
    'a.jpg,"35 deg 39\' 30.96"" N","139 deg 44\' 43.44"" E"\nb.jpg,1,2\nc.jpg,,\nd.jpg,-,-\n',
    "exiftool -n -G": "SourceFile,EXIF:GPSLatitude,Composite:GPSLatitude,EXIF:GPSLongitude,"
    "Composite:GPSLongitude\na.jpg,35.6586,35.6586,139.7454,139.7454\nb.jpg,1,1,2,2\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("kind", AS_OTHERS_WRITE_THEM)
def test_tables_as_other_tools_write_them(tmp_path, kind, encoding):
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    data = mark + AS_OTHERS_WRITE_THEM[kind].encode(encoding)
    (tmp_path / "photos.csv").write_bytes(data)
    photos = read_photos(tmp_path / "photos.csv")
    places = dict(zip((Path(p).name for p in photos.photos), photos.truth.tolist(), strict=True))
    assert places == {"a.jpg": pytest.approx([35.6586, 139.7454]), "b.jpg": [1, 2]}
    assert photos.skipped == ({"have no place": 2} if kind == "exiftool" else {})


def test_a_side_in_a_column_of_its_own_is_respected(tmp_path):
    """exiftool -n gives EXIF's latitude of Sydney without a sign."""
    head = "SourceFile,EXIF:GPSLatitude,EXIF:GPSLatitudeRef,EXIF:GPSLongitude,EXIF:GPSLongitudeRef"
    photos = read_photos(write(tmp_path / "t.csv", head, "a.jpg,33.8568,S,151.2153,E"))
    assert photos.truth.tolist() == [[-33.8568, 151.2153]]


@pytest.mark.parametrize(
    "first", ["name,breite,laenge", "datei;breite;laenge", "path,lat", "b.jpg,1,2", "x"]
)
def test_the_header_is_named_if_it_is_the_fault(tmp_path, first):
    with pytest.raises(EvaluationError, match=r"the header is '.*expected the columns path, lat"):
        read_photos(write(tmp_path / "t.csv", first, "a.jpg,1,2"))


@needs_exiftool
def test_what_exiftool_writes_is_read(tmp_path):
    for name, place in (("a.jpg", (-33.8568, 151.2153)), ("b.jpg", (48.8584, 2.2945))):
        (tmp_path / name).write_bytes(encoded(picture(), "JPEG", exif=exif(place=place)))
    for options in ([], ["-n"], ["-G"], ["-G", "-a", "-n"], ["-f", "-c", "%+.6f"]):
        tags = ["-GPSLatitude", "-GPSLongitude", "-EXIF:GPSLatitudeRef", "-EXIF:GPSLongitudeRef"]
        run = subprocess.run(
            ["exiftool", "-csv", *options, *tags, "a.jpg", "b.jpg"],
            cwd=tmp_path, capture_output=True, check=True,
        )  # fmt: skip
        (tmp_path / "t.csv").write_bytes(run.stdout)
        photos = read_photos(tmp_path / "t.csv")
        assert photos.truth == pytest.approx(
            np.array([[-33.8568, 151.2153], [48.8584, 2.2945]]), abs=1e-4
        )


def test_a_guessed_hemisphere_is_no_truth(tmp_path):
    """EXIF that lost its letters says 37.8, 144.9: Melbourne, or somewhere off Japan."""
    lost = Image.Exif()
    lost.get_ifd(ExifTags.IFD.GPSInfo).update({2: (37.0, 48.0, 50.0), 4: (144.0, 57.0, 47.0)})
    (tmp_path / "lost.jpg").write_bytes(encoded(picture(), "JPEG", exif=lost))
    (tmp_path / "told.jpg").write_bytes(encoded(picture(), "JPEG", exif=exif()))
    photos = read_photos(tmp_path)
    assert [Path(photo).name for photo in photos.photos] == ["told.jpg"]
    assert photos.skipped == {"have no place": 1}


def test_places_beside_the_photos_are_read(tmp_path):
    """A photo manager's sidecar, and Google Takeout's JSON."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(encoded(picture(), "JPEG"))
    (tmp_path / "a.xmp").write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" '
        'exif:GPSLatitude="33,51.408S" exif:GPSLongitude="151,12.918E"/></rdf:RDF></x:xmpmeta>'
    )
    (tmp_path / "b.jpg.supplemental-metadata.json").write_text(
        '{"geoData": {"latitude": 35.6586, "longitude": 139.7454}}'
    )
    photos = read_photos(tmp_path)
    truth = np.array([PLACE, (35.6586, 139.7454)])
    assert np.asarray(photos.truth) == pytest.approx(truth, abs=1e-4)
    assert len(photos.photos) == 2


def test_the_folder_one_stands_in_has_a_name(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert read_photos(".").name == folder.name
