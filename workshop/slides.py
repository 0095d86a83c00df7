"""Turn notebook 00 into slides that need no network: ``make slides``.

Every "##" begins a slide; code runs first, so the slides show the answers. reveal.js comes from
npm and lies beside the page. The map is a picture.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
OUT = ROOT / "artefacts" / "slides"
REVEAL = "reveal.js@5.2.1"


def main():
    """Write artefacts/slides/."""
    OUT.mkdir(parents=True, exist_ok=True)
    source = OUT / "five_guesses.ipynb"
    nbformat.write(divided(ROOT / "notebooks" / "00_five_guesses.ipynb"), source)
    subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", OUT, REVEAL], check=True)
    command = [sys.executable, "-m", "nbconvert", "--to", "slides", "--execute", source]
    command += ["--SlidesExporter.reveal_url_prefix=node_modules/reveal.js"]
    command += ["--SlidesExporter.reveal_scroll=True", "--log-level=ERROR"]
    subprocess.run(command, check=True, env={**os.environ, "GEONB_MAP": "static"})
    print(f"wrote {OUT / 'five_guesses.slides.html'}; open it in a browser, the space bar goes on")


def divided(path):
    """The notebook with a slide for each heading, and its solution left out."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        begins = cell.cell_type == "markdown" and cell.source.startswith("#")
        cell.metadata["slideshow"] = {"slide_type": "slide" if begins else "-"}
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL)
    return notebook


if __name__ == "__main__":
    main()
