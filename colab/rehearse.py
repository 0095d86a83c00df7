"""Rehearse Colab without a browser: its Python, its packages, our first cell, three notebooks.

Makes an environment of Python 3.13 with the packages of published.txt, then installs geonb as the
first cell of each notebook does, from this folder instead of GitHub. No package that was there may
change, because Colab's kernel has already imported some of them, and would have to be restarted.
Then it executes notebooks 00, 03 and 04. What it can't see is Colab's own page.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PUBLISHED = Path(__file__).with_name("published.txt")
NOTEBOOKS = ("00", "03", "04")
ALSO_THERE = ("ipykernel", "matplotlib", "nbconvert", "numpy", "pandas<3", "pillow==11.3.0")
"""Colab has these in versions that geonb takes; which ones isn't known."""


def main():
    """Rehearse; the exit code is 1 if a package changed or a notebook failed."""
    if sys.version_info[:2] != (3, 13):
        sys.exit(f"Colab has Python 3.13, this is {sys.version.split()[0]}: make PYTHON_313=…")
    notebooks = [next((ROOT / "notebooks").glob(f"{name}_*.ipynb")) for name in NOTEBOOKS]
    (wanted,) = {words for path in notebooks for words in [first_install(path)]}
    with tempfile.TemporaryDirectory(prefix="geonb-colab-") as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = Path(folder, "bin", "python")
        pip(python, "install", "--only-binary", ":all:", "-r", PUBLISHED, *ALSO_THERE)
        before = versions(python)
        print(f"==> {' '.join(wanted)}", flush=True)
        pip(python, "install", *wanted)
        after = versions(python)
        changed = {name: after.get(name) for name in before if after.get(name) != before[name]}
        if changed:
            sys.exit(f"these were there in another version, so Colab would restart: {changed}")
        for path in notebooks:
            command = [python, "-m", "nbconvert", "--to", "notebook", "--execute", path]
            command += ["--output-dir", folder, "--log-level", "ERROR"]
            subprocess.run(command, check=True)
            print(f"{path.stem} ran to its end", flush=True)


def first_install(path):
    """What a notebook's first code cell installs, with this folder instead of GitHub."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    (line,) = re.findall(r"%pip install (.*)", code)
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]
    return tuple(re.sub(r"^(geonb.*) @ git\+.*", rf"\1 @ file://{ROOT}", word) for word in words)


def versions(python):
    """The installed packages, each with its version."""
    command = [python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    listed = json.loads(subprocess.check_output(command))
    return {package["name"]: package["version"] for package in listed}


def pip(python, *words):
    """Run that environment's pip."""
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
