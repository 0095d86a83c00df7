"""The registry, and the models in the cache: measured, and cleared."""

import math
import re
from pathlib import Path

import pytest

import geonb
from geonb.errors import FetchError
from geonb.files import file_digest, make_cache_folder
from geonb.weights.fetching import clear, require
from geonb.weights.registry import LOCATIONNET, REGISTRY
from geonb.writing import claim_folder
from support.command import run_geonb
from support.limits import powerless
from support.networks import write_network


@pytest.mark.parametrize("weights", REGISTRY.values(), ids=REGISTRY)
def test_every_record_is_complete(weights):
    assert weights.licence
    assert weights.attribution
    assert weights.source
    for form in weights.forms:
        assert form[-1].size == max(file.size for file in form)
        for file in form:
            checked = file.md5 or file.sha256 or weights.name == "locationnet"
            assert checked or file.name == "coordinates_100K.json" or not file.mirrors
            assert all(
                mirror.startswith("https://") or Path(mirror).is_file() for mirror in file.mirrors
            )


def test_locationnet_is_the_published_one():
    mxnet, coreml, onnx = LOCATIONNET.forms
    assert onnx[-1].name == "RN1015k500.onnx"
    assert [file.md5 for file in mxnet] == [
        "1228c937dafe828f636f056f5099bf78",
        "f1ea8e5e12c29b074626d85f109cc903",
        "e206e84fd2b801a9faca47156638c009",
    ]
    assert len(coreml[-1].mirrors) == 2
    assert LOCATIONNET.licence == "CC BY-SA 3.0"


def test_the_real_files_are_the_ones_of_the_record(real_files):
    from geonb.network.layers import parameter_shapes
    from geonb.network.mxnet_files import read_symbol

    cells, symbol, _ = LOCATIONNET.forms[0]
    for file in (cells, symbol):
        assert file_digest(real_files / file.name) == file.md5
        assert (real_files / file.name).stat().st_size == file.size
    layers = read_symbol(real_files / symbol.name)
    assert sum(map(math.prod, parameter_shapes(layers).values())) == 74_405_235


def test_nothing_is_fetched_where_that_is_not_wished(cache):
    with pytest.raises(FetchError, match=r"locationnet is not in the cache.*geonb fetch"):
        geonb.load_model("locationnet", download=False)
    with pytest.raises(FetchError, match="its files are not there"):
        require(LOCATIONNET)
    assert not cache.exists()


def test_only_what_geonb_made_is_removed_from_the_cache(cache, tmp_path):
    """A folder of the user's in the cache, a link to one, and one that had something in it."""
    own = cache / "derived" / "holiday"
    own.mkdir(parents=True)
    (own / "photo.jpg").write_bytes(b"a photo")
    claim_folder(tmp_path / "elsewhere")
    (tmp_path / "empty").mkdir()
    for name in ("elsewhere", "empty", "nothing"):
        (cache / "derived" / name).symlink_to(tmp_path / name)
    for name in ("holiday", "elsewhere", "empty"):
        with pytest.raises(OSError, match=f"geonb did not make .*{name}; move it away"):
            claim_folder(cache / "derived" / name)
    claim_folder(cache / "derived" / "made")
    clear("all")
    assert (own / "photo.jpg").exists()
    assert (tmp_path / "elsewhere").is_dir()
    assert (tmp_path / "empty").is_dir()
    names = {path.name for path in (cache / "derived").iterdir()}
    assert names == {"holiday", "elsewhere", "empty", "nothing"}


def test_the_cache_is_measured_and_cleared(cache, tmp_path):
    own = write_network(tmp_path / "own")
    for source in ("mini", own.prefix):
        geonb.load_model(source)
    claim_folder(cache / "locationnet")
    (cache / "locationnet" / ".RN.params.part").write_bytes(bytes(3_000_000))
    for name in ("mini", own.prefix):
        features = cache / "derived" / geonb.load_model(name).files.owner / "features"
        features.mkdir()
        (features / "0123.npy").write_bytes(bytes(500_000))
    (cache / "diary.txt").write_text("not geonb's")

    def size():
        last = run_geonb("models").stdout.splitlines()[-1]
        return float(re.fullmatch(rf"The cache is {re.escape(str(cache))}, (.+) MB\.", last)[1])

    def conversions():
        return len(list(cache.glob("derived/*/*-float32-*")))

    def features():
        return len(list(cache.glob("derived/*/features")))

    whole = size()
    assert whole > 4
    answer = run_geonb("models", "--clear", "locationnet")
    assert (answer.returncode, answer.stdout) == (0, "removed 3.0 MB\n")
    assert not (cache / "locationnet").exists()
    assert size() == pytest.approx(whole - 3, abs=0.11)
    assert conversions() == features() == 2
    assert run_geonb("models", "--clear", "mini").returncode == 0
    assert conversions() == features() == 1
    assert [path.name for path in (cache / "derived").iterdir()] == ["tiny"]
    assert geonb.load_model("mini").cells
    assert run_geonb("models", "--clear", "all").returncode == 0
    assert size() == conversions() == features() == 0
    assert (cache / "diary.txt").exists()
    assert own.params.exists()
    answer = run_geonb("models", "--clear", "maxi")
    assert answer.returncode == 2
    assert "known names are locationnet, geoclip, mini" in answer.stderr


def test_what_is_left_of_a_clearing_is_cleared_later(cache):
    """As where a network is in use that cannot be removed then: on Windows, on a cluster's disk."""
    make_cache_folder("derived")
    claim_folder(cache / "derived" / "mini")
    used = cache / "derived" / "mini" / "used"
    used.mkdir()
    (used / "model.data").write_bytes(bytes(9))
    used.chmod(0o555)
    answer = run_geonb("models", "--clear", "mini", before=powerless)
    assert (answer.returncode, len(answer.stderr.splitlines())) == (2, 1)
    assert f"{cache}: cannot remove " in answer.stderr
    # Python up to 3.12 names the file; 3.13 the folder that it lies in.
    assert re.search(r"(model\.data|used) \(Permission denied\); make sure", answer.stderr)
    used.chmod(0o755)
    assert run_geonb("models", "--clear", "mini").returncode == 0
    assert not used.parent.exists()


def test_clearing_leaves_what_is_the_users_own(cache, tmp_path):
    """A folder of the user's in the cache, under a model's own name; and links."""
    own = write_network(cache / "locationnet")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear")
    (cache / "geoclip").symlink_to(precious, target_is_directory=True)
    for name in ("locationnet", "geoclip", "all"):
        answer = run_geonb("models", "--clear", name, GEONB_LOCATIONNET=own.folder)
        assert (answer.returncode, answer.stderr) == (0, ""), name
    assert own.params.exists()
    assert (precious / "letter.txt").exists()


def test_fetching_writes_into_no_folder_of_the_users(cache):
    (cache / "locationnet").mkdir(parents=True)
    (cache / "locationnet" / "grids.txt").write_text("mine")
    answer = run_geonb("fetch", "locationnet")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "geonb did not make" in answer.stderr
    assert "locationnet; move it away" in answer.stderr
    assert (cache / "locationnet" / "grids.txt").read_text() == "mine"


def test_clearing_a_cache_that_is_not_there(cache):
    assert run_geonb("models", "--clear", "all").stdout == "removed 0.0 MB\n"


def test_cells_and_graph_come_with_geonb(cache):
    """Only the parameters are asked of the mirrors, where no proxy lets a request out."""
    nowhere = "http://127.0.0.1:9"
    answer = run_geonb("fetch", HTTPS_PROXY=nowhere, https_proxy=nowhere)
    assert answer.returncode == 2
    assert "RN101-5k500-0012.params: " in answer.stderr
    assert "aws-bigdata-blog" in answer.stderr
    assert "grids.txt" not in answer.stderr
    names = {path.name for path in (cache / "locationnet").iterdir()}
    assert {"grids.txt", "RN101-5k500-symbol.json"} <= names


def test_their_authors_and_licence_are_named_beside_them(real_files):
    text = (real_files / "README.md").read_text()
    for words in ("Jaeyoung Choi and Kevin Li", "creativecommons.org/licenses/by-sa/3.0"):
        assert words in text
    assert all(file.md5 in text for file in LOCATIONNET.forms[0][:2])
