"""Fill a stick for a workshop on bad Wi-Fi: ``make wheelhouse`` writes artefacts/stick/.

It holds the wheels of Binder's lock for machines like this one (Linux x86-64, Python 3.11), the
project as it was committed, the widgets of gmaps, every model that is in the cache, and a script
that installs all of it without a network.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from geonb.files import file_digest
from geonb.weights.fetching import cached_files, command
from geonb.weights.registry import REGISTRY

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STICK = ROOT / "artefacts" / "stick"
LOCK = "requirements/mxnet.txt"
"""The same as on Binder."""
EXTRAS = "geonb[coreml,lab,mxnet]"
"""What is installed; the developers' tools stay at home."""


def main():
    """Write artefacts/stick/ anew."""
    if sys.version_info[:2] != (3, 11):
        sys.exit(f"the stick is for Python 3.11, this is {sys.version.split()[0]}: make PYTHON=…")
    shutil.rmtree(STICK, ignore_errors=True)
    papers(STICK)
    wheels(STICK)
    listing(STICK)
    settings(STICK)
    widgets(STICK)
    models(STICK)
    megabytes = sum(file.stat().st_size for file in STICK.rglob("*")) / 1e6
    print(f"==> {STICK} is filled, {megabytes:.0f} MB; copy it to a stick")


def papers(stick):
    """What is read and typed. The project is taken as committed: no private photo goes along."""
    archive = subprocess.run(
        ["git", "archive", "--prefix=geonb/", "HEAD"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    # Not tarfile: before Python 3.11.4 it can't be told to stay in the folder.
    stick.mkdir(parents=True, exist_ok=True)
    subprocess.run(["tar", "-x", "-f", "-"], cwd=stick, check=True, input=archive)
    for name in ("README.txt", "install.sh"):
        shutil.copy(HERE / name, stick)


def wheels(stick):
    """Everything that `EXTRAS` needs, as wheels: what pip installs without a network."""
    print(f"==> fetching the packages of {LOCK}", flush=True)
    with tempfile.TemporaryDirectory(prefix="geonb-stick-") as folder:
        pip("download", "--no-deps", "--require-hashes", "-r", LOCK, "-d", folder)
        for source in Path(folder).glob("*.tar.gz"):  # participants could not build it offline
            pip("wheel", "--no-deps", source, "-w", folder)
        pip("wheel", "--no-deps", "--no-build-isolation", stick / "geonb", "-w", folder)
        offline = ("--no-index", "--only-binary", ":all:", "--find-links", folder)
        pip("--isolated", "download", *offline, EXTRAS, "-d", stick / "wheels")


def listing(stick):
    """Pin every wheel with its SHA-256: install.sh takes these files, and no others."""
    lines = []
    for wheel in sorted((stick / "wheels").glob("*.whl")):
        name, version, *_ = wheel.name.split("-")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{name}=={version} --hash=sha256:{digest}\n")
    (stick / "wheels.txt").write_text("".join(lines), encoding="utf-8")


def pip(*words):
    """Run this environment's pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    subprocess.run(command, cwd=ROOT, check=True)


def settings(stick):
    """JupyterLab's settings, as in an environment: no news, no updates, `geonb` in terminals."""
    target = stick / "prefix" / "etc" / "jupyter" / "labconfig"
    target.mkdir(parents=True)
    shutil.copy(HERE.parent / "lab_settings.json", target / "default_setting_overrides.json")
    shutil.copy(HERE.parent / "terminals.json", target.parent / "jupyter_server_config.json")


def widgets(stick):
    """The widgets of gmaps, laid out as in an environment; without node, the setting instead."""
    target = stick / "prefix" / "share" / "jupyter" / "labextensions"
    target.mkdir(parents=True)
    env = {**os.environ, "GEONB_LABEXTENSIONS": str(target)}
    subprocess.run([sys.executable, ROOT / "labextension" / "build.py"], env=env, check=True)


def models(stick):
    """Every fetched model in the cache, each copy compared with the checksum of the file."""
    known = [(w.name, w) for w in REGISTRY.values() if not w.shipped]
    known += [(f"{name}-int8", w.of_precision("int8")) for name, w in known if w.int8]
    for name, weights in known:
        files = cached_files(weights)
        if not files:
            print(f"==> {name} is not in the cache, so the stick goes without it.")
            print(f"    If you want it: {command(weights)}, then make wheelhouse again")
            continue
        target = stick / "models" / name
        target.mkdir(parents=True)
        for source in files:
            copy = target / source.name
            shutil.copyfile(source, copy)
            if file_digest(copy) != file_digest(source):
                sys.exit(f"{copy} was not copied whole; is the disk full or failing?")
        print(f"==> {name} is on it, compared: {', '.join(file.name for file in files)}")


if __name__ == "__main__":
    main()
