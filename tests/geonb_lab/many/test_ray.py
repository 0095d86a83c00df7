"""Ray: a real cluster of several nodes on this machine, one of which dies in the middle."""

import os
import threading
import time

import pytest

import geonb
from support.pictures import exif, picture

pytestmark = [
    pytest.mark.ray,
    # Ray's own: it warns of options of its own, and leaves files to the garbage collector.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PHOTOS = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for i in range(PHOTOS):
        picture(96 + i, 64).save(folder / f"{i:03}.jpg")
    picture(90, 60).save(folder / "placed.jpg", exif=exif(place=(48.8584, 2.2945)))
    picture(91, 60).save(folder / "web.webp")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A head without work and two nodes with a worker each."""
    limits = {
        "period_ms": 1000,
        "timeout_ms": 1000,
        "initial_delay_ms": 1000,
        "failure_threshold": 3,
    }
    os.environ |= {f"RAY_health_check_{name}": str(value) for name, value in limits.items()}
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    ray.init(cluster.address, logging_level="error", log_to_driver=False)
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()


def test_a_node_dies_and_no_photo_is_lost_or_doubled(cluster, folder, tmp_path):
    from geonb_lab.many.ray import locate

    out = tmp_path / "out"
    the_cluster, nodes = cluster

    def kill():
        while not list(out.glob("*.parquet")):  # it works
            time.sleep(0.01)
        the_cluster.remove_node(nodes.pop(), allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    dataset = locate(str(folder), "mini", out=str(out), batch=8)
    killer.join()
    rows = {row["photo"]: row for row in dataset.take_all()}
    assert dataset.count() == len(rows) == PHOTOS + 3
    placed = next(row for name, row in rows.items() if name.endswith("placed.jpg"))
    assert placed["exif_lat"] == pytest.approx(48.8584, abs=1e-4)
    broken = next(row for name, row in rows.items() if name.endswith("broken.jpg"))
    assert "not a picture" in broken["error"]
    assert broken["lat_1"] is None
    alone = geonb.predict(geonb.load_model("mini"), folder / "000.jpg")
    first = next(row for name, row in rows.items() if name.endswith("000.jpg"))
    assert (first["lat_1"], first["lng_1"]) == alone[0].place


def test_a_rerun_locates_what_is_missing_and_doubles_nothing(cluster, folder, tmp_path):
    from geonb_lab.many.ray import locate

    out = tmp_path / "out"
    some = [str(folder / f"{i:03}.jpg") for i in range(20)]
    locate(some[:12], "mini", out=str(out), batch=5)
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    dataset = locate(some, "mini", out=str(out), batch=5)
    assert sorted(row["photo"] for row in dataset.take_all()) == some
    after = {path: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
    assert before.items() <= after.items()


def test_paths_and_bytes_from_parquet_or_a_dataset(cluster, folder, tmp_path):
    import ray

    from geonb_lab.many.ray import locate

    paths = [str(folder / f"{i:03}.jpg") for i in range(4)]
    ray.data.from_items([{"path": path} for path in paths]).write_parquet(
        str(tmp_path / "in.parquet")
    )
    by_path = locate(str(tmp_path / "in.parquet"), "mini", out=str(tmp_path / "a")).take_all()
    items = [{"path": path, "bytes": (folder / path).read_bytes()} for path in paths]
    by_bytes = locate(ray.data.from_items(items), "mini", out=str(tmp_path / "b")).take_all()
    assert sorted(row["photo"] for row in by_path) == paths
    assert sorted(by_path, key=str) == sorted(by_bytes, key=str)


def test_a_dataset_without_paths_is_refused(cluster, tmp_path):
    import ray

    from geonb_lab.many.ray import locate

    with pytest.raises(geonb.GeonbError, match="expected path, and perhaps bytes"):
        locate(ray.data.from_items([{"photo": 1}]), "mini", out=str(tmp_path / "out"))
