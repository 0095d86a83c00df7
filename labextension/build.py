"""Builds gmaps' widgets for today's JupyterLab, and installs them into this environment.

    python labextension/build.py

The sources are those that the installed pip package gmaps carries (BSD; its licence goes along).
Without node, one line says what is missing, and the exit code is 0: all but gmaps' maps work.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"

# What sources of 2019 need today: file, pattern, replacement. Each has to fit exactly once.
PATCHES = [
    # Lab's builder has no less-loader; browsers nest CSS themselves.
    ("index.js", r"require\('\./jupyter-gmaps\.less'\);", "import './jupyter-gmaps.css';"),
    # This would break the lazy chunks of a federated module.
    ("index.js", r"__webpack_public_path__ =[^;]*;", ""),
    # ipywidgets 8 renamed it.
    ("Figure.js", r"this\.pWidget\.", "this.luminoWidget."),
    # It relied on a global Backbone.
    ("GlobalEvents.js", r"\A", "import * as Backbone from 'backbone';\n"),
    # That version of the Maps API retired years ago.
    ("Map.js", r"GoogleMapsLoader\.VERSION = '3\.34';", "GoogleMapsLoader.VERSION = 'weekly';"),
]
UNUSED = ["embed.js", "extension.js", "labplugin.js", "jupyter-gmaps-embed.less"]


def main(target: Path) -> None:
    """Build, and install into ``target``, an environment's share/jupyter/labextensions."""
    if reason := _missing():
        print(f"gmaps' maps are left out: {reason}; all else works.")
        _silence_build_dialogue(target.parents[2] / "etc/jupyter/labconfig/page_config.json")
        return
    _unpack()
    _patch()
    _compile()
    shutil.rmtree(target / "jupyter-gmaps", ignore_errors=True)
    shutil.copytree(BUILD / "labextension", target / "jupyter-gmaps")
    print(f"gmaps' widgets are in {target / 'jupyter-gmaps'}")


def _missing() -> str:
    for package in ("gmaps", "jupyterlab"):
        if find_spec(package) is None:
            return f'the package {package} is not installed (pip install "geonb[lab]")'
    return "" if shutil.which("npm") else "node and npm (node 18 or newer) are not installed"


def _silence_build_dialogue(config: Path) -> None:
    """Gmaps' old extension makes JupyterLab offer a build that cannot work: no such offers."""
    try:
        distribution("gmaps")
    except PackageNotFoundError:
        return
    if not config.exists():
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text('{"buildCheck": false}\n')


def _unpack() -> None:
    """The sources and the licence, out of the pip package."""
    shutil.rmtree(BUILD, ignore_errors=True)
    package = Path(find_spec("gmaps").origin).parent
    (BUILD / "unpacked").mkdir(parents=True)
    sources = next(package.glob("labextension/jupyter-gmaps-*.tgz"))
    # Not tarfile: before Python 3.11.4 it can't be told to stay in the folder.
    subprocess.run(["tar", "-xzf", sources], cwd=BUILD / "unpacked", check=True)
    shutil.move(BUILD / "unpacked" / "package" / "src", BUILD / "src")
    shutil.copy(BUILD / "unpacked" / "package" / "package.json", BUILD)
    licence = next(f for f in distribution("gmaps").files if f.name.startswith("LICENSE"))
    (BUILD / "LICENSE.txt").write_text(licence.read_text())


def _patch() -> None:
    source = BUILD / "src"
    for name, pattern, replacement in PATCHES:
        path = source / name
        text, count = re.subn(pattern, replacement, path.read_text(), count=2)
        if count != 1:
            sys.exit(f"labextension: {name} is not the file of gmaps 0.9.0: no {pattern}")
        path.write_text(text)
    (source / "jupyter-gmaps.less").rename(source / "jupyter-gmaps.css")
    for name in UNUSED:
        (source / name).unlink()
    shutil.rmtree(source / "services" / "__tests__")


def _compile() -> None:
    stamp = HERE / "node_modules" / ".package-lock.json"
    lock = HERE / "package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit"], cwd=HERE, check=True)
    staging = Path(find_spec("jupyterlab").origin).parent / "staging"
    builder = HERE / "node_modules" / ".bin" / "build-labextension"
    command = [builder, "--core-path", staging, HERE]
    done = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"labextension: the build failed:\n{done.stdout}{done.stderr}")
    shutil.copy(BUILD / "LICENSE.txt", BUILD / "labextension")


if __name__ == "__main__":
    share = os.environ.get("GEONB_LABEXTENSIONS") or Path(
        sysconfig.get_path("data"), "share", "jupyter", "labextensions"
    )
    main(Path(share))
