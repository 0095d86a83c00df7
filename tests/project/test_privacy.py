"""Nothing leaves the machine: geonb in a new home, as a user starts it, with its calls watched."""

import shutil
import sys
from pathlib import Path

import pytest

from support.watching import judge, watched

ROOT = Path(__file__).parents[2]
GEONB = [sys.executable, "-m", "geonb"]
OF_OTHERS = (".cache/matplotlib", ".config/matplotlib")
"""What Matplotlib keeps for itself: the list of this machine's fonts. SECURITY.md says so."""
OF_JUPYTER = (".ipython", ".jupyter", ".local/share/jupyter")
HEAD = "import geonb_training; geonb_training.fit_head('mini', 'towns', 'ours', t1=20, t2=3)"
INT8 = (
    "import geonb; geonb.predict(geonb.load_model('mini', precision='int8'), geonb.example_photo())"
)


@pytest.fixture
def watch(tmp_path):
    """Run a command in a new home and say what it did that it should not do."""
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copytree(ROOT / "geonb" / "data", folder / "photos", ignore=lambda _, names: [
        name for name in names if not name.endswith(".jpg")
    ])  # fmt: skip

    def run(command, others=(), **environment):
        home = tmp_path / "home"
        seen = watched(command, home, cwd=folder, **environment)
        own = {
            str(home),
            *(str(home / part) for part in (".cache", ".config", ".local", ".local/share")),
        }
        kept = tuple(str(home / part) for part in (".cache/geonb", *OF_OTHERS, *others))
        beyond = [path for path in seen.files if path not in own and not path.startswith(kept)]
        return [*seen.asked, *seen.sent, *beyond]

    run.folder = folder
    return run


@pytest.mark.newest
@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["demo"],
        ["locate", "photos/nairobi.jpg", "--model", "mini", "--map", "map.html"],
        ["locate", "photos", "--model", "mini", "--out", "r.csv", "--page", "page.html"],
        ["models"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_command_asks_nobody_sends_nothing_and_writes_in_its_cache_alone(watch, command):
    assert watch([*GEONB, *command]) == []


@pytest.mark.newest
@pytest.mark.slow
def test_a_notebook(watch):
    run = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--log-level",
        "ERROR",
        "--execute",
    ]
    path = ROOT / "notebooks" / "00_five_guesses.ipynb"
    assert watch([*run, path, "--output-dir", watch.folder], others=OF_JUPYTER) == []


@pytest.mark.newest
@pytest.mark.slow
@pytest.mark.parametrize("script", [HEAD, INT8], ids=["head", "int8"])
def test_a_heads_training_and_a_network_that_is_rounded(watch, script):
    from geonb_training.scenes import write_towns

    write_towns(watch.folder / "towns", 120, 8)
    assert watch([sys.executable, "-c", script]) == []


@pytest.mark.newest
@pytest.mark.slow
def test_who_wants_to_tell_onnx_runtimes_makers_can(watch):
    """It shows, too, that the watch sees what there is to be seen."""
    beyond = watch([*GEONB, "demo"], ORT_DISABLE_TELEMETRY="0")
    assert any("onnxruntime" in path for path in beyond)


@pytest.mark.ray
def test_ray_asks_whether_it_runs_in_a_cloud_and_that_is_all(watch):
    """SECURITY.md says so: it asks the machine's own cloud, and tells it nothing."""
    script = "from geonb_lab.many.ray import locate; locate('photos', model='mini', out='out')"
    beyond = watch([sys.executable, "-c", script], others=[".ray"], TMPDIR="/tmp")
    own = ("169.254.169.254", r"metadata\6google\10internal", "/tmp/ray")
    assert [line for line in beyond if not any(words in line for words in own)] == []


@pytest.mark.torch
def test_training_in_pytorch(watch):
    script = "import torch; torch.nn.Linear(2, 2)(torch.zeros(1, 2)).sum().backward()"
    assert watch([sys.executable, "-c", f"import geonb_training; {script}"]) == []


SENT = """
12 connect(3<UDP:[9]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0
12 sendmmsg(3<UDP:[127.0.0.1:50->127.0.0.53:53]>, [{msg_hdr={msg_name=NULL}}], 2, 0) = 2
12 connect(4<UDP:[9]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("8.8.8.8")}, 16) = 0
12 connect(5<TCP:[8]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("1.1.1.1")}, 16 <unfinished ...>
13 sendto(6<UDP:[10.0.0.9:5->9.9.9.9:123]>, "x", 1, 0, NULL, 0) = 1
12 <... connect resumed>) = -1 EINPROGRESS (Operation now in progress)
12 connect(7<TCPv6:[8]>, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
12 openat(AT_FDCWD</somewhere>, "a", O_RDONLY) = 3</somewhere/a>
12 openat(AT_FDCWD</somewhere>, "b", O_WRONLY|O_CREAT, 0666) = 3</somewhere/b>
12 mkdir("/home/new/.cache/other", 0777) = 0
12 mkdir("/home/new/.cache/there", 0777) = -1 EEXIST (File exists)
"""  # noqa: E501


def test_the_watch_tells_a_question_a_packet_and_a_file():
    seen = judge(SENT)
    assert [line[:9] for line in seen.asked] == ["sendmmsg("]
    assert [line[:9] for line in seen.sent] == ["sendto(6<", "connect(5"]
    assert seen.files == ("/home/new/.cache/other", "/somewhere/b")
