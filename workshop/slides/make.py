"""Turn notebook 00 into slides, one file that needs no network: ``make slides``.

Every "##" begins a slide, and code runs first, so the slides show the answers. The map is a
picture. What the instructor says, and the solutions, are speaker notes: the key S shows them.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbconvert.preprocessors import ExecutePreprocessor

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NOTEBOOK = ROOT / "notebooks" / "00_five_guesses.ipynb"
SLIDES = ROOT / "artefacts" / "slides" / "five_guesses.html"
REVEAL = HERE / "node_modules" / "reveal.js"

NOTES = {
    "Load a model": "Say which model this is. mini knows drawn streets; its answer to a real photo means nothing.",
    "Predict first": "Half a minute of silence; everybody writes down a city. Good answers argue: the side of the "
    "traffic, the sign, the plates. “Japan” is as good as “Tokyo”.",
    "Read the result": "Who had one of the five? Who was nearer than the network?",
    "Draw the map": "Two guesses in Tokyo, two in Osaka, one in São Paulo: agreement is a sign of trust.",
    "What can go wrong": "“A wrong city with 90 %” happens. How often is the question of notebook 05.",
}
"""What to say, by the heading of the slide; from workshop/README.md."""
HIDDEN = re.compile(r"<details>\s*<summary>[^<]*</summary>(.*?)</details>", re.DOTALL)
BADGE = re.compile(r"^\[!\[.*\n?", re.MULTILINE)
INSTALL = re.compile(r"^try:\n    import geonb\nexcept .*\n(?:    .*\n?)*")


def main():
    """Write artefacts/slides/five_guesses.html."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--silent"]
    subprocess.run(command, cwd=HERE, check=True)
    notebook = slides(nbformat.read(NOTEBOOK, as_version=4))
    os.environ["GEONB_MAP"] = "static"
    ExecutePreprocessor(timeout=300).preprocess(notebook, {})
    SLIDES.parent.mkdir(parents=True, exist_ok=True)
    SLIDES.write_text(page(notebook), encoding="utf-8")
    print(f"wrote {SLIDES}; open it in a browser: space goes on, S shows the notes")


def slides(notebook):
    """The notebook with one slide a heading, and with notes; to be executed."""
    cells, heading = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for text in re.split(r"(?m)^(?=## )", BADGE.sub("", cell.source)):
                if text.strip():
                    heading = text.splitlines()[0].lstrip("# ")
                    cells += [part(cell, HIDDEN.sub("", text), "slide"), *notes(heading, text)]
        else:
            cell.source = INSTALL.sub("import geonb\n", cell.source).rstrip()
            # Whoever is to predict must not see the answer on the same slide.
            kind = "slide" if heading == "Predict first" else "-"
            cells.append(part(cell, cell.source, kind))
    notebook.cells = cells
    notebook.metadata.title = cells[0].source.splitlines()[0].lstrip("# ")
    return notebook


def part(cell, source, kind):
    """A cell like ``cell``, attachments included, with a text and a place of its own."""
    copy = nbformat.from_dict({**cell, "source": source, "id": nbformat.v4.new_markdown_cell().id})
    copy.metadata["slideshow"] = {"slide_type": kind}
    return copy


def notes(heading, text):
    """The speaker notes of a slide: what to say, and the solution."""
    said = [NOTES[heading]] if heading in NOTES else []
    said += HIDDEN.findall(text)
    cell = nbformat.v4.new_markdown_cell("\n\n".join(said))
    return [part(cell, cell.source, "notes")] if said else []


def page(notebook):
    """The executed slides as one HTML page."""
    folders = [HERE, REVEAL / "dist", REVEAL / "plugin" / "notes"]
    exporter = SlidesExporter(
        template_file="slides.html.j2", extra_template_paths=[str(folder) for folder in folders]
    )
    text, _ = exporter.from_notebook_node(notebook)
    return text


if __name__ == "__main__":
    sys.exit(main())
