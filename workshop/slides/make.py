"""Turn notebook 00 into slides, one file that needs no network: ``make slides``.

Every "##" begins a slide, and code runs first, so the slides show the answers. The map is a
picture. What the instructor says, and the solutions, are speaker notes: the key S shows them.
"""

import os
import re
import subprocess
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
    "The same in four lines": (
        "Say which model this is. mini knows drawn streets; of a real photo, nothing."
    ),
    "A street that you can change": "Before each picture: will the city change? Hands up.",
    "Predict first": (
        "Half a minute of silence; everybody writes down a city. Good answers argue: the side of "
        "the traffic, the sign, the plates. “Japan” is as good as “Tokyo”."
    ),
    "Read the result": "Who had one of the five? Who was nearer than the network?",
    "Draw the map": "Tokyo twice, Osaka twice, São Paulo once: agreement is a sign of trust.",
    "What can go wrong": "How often is a sure answer wrong? That is notebook 05.",
}
"""What to say, by the heading of the slide; after the expected answers of workshop/README.md."""
PAPER, QUESTION = ("Start", "You against the model"), "Predict first"
"""Headings: what needs a kernel and doesn't belong on the wall; what is asked before an answer."""
MAP = "geonb.show_map("
"""A map has a slide of its own."""
SOLUTION = re.compile(r"(?s:<details>\s*<summary>[^<]*</summary>(.*?)</details>)")
FACTS = re.compile(r"(?m:^\|[^\n]*\n)+")
"""The table at the top of a notebook: what one needs, and how long it takes."""
BADGE = re.compile(r"(?m:^\[!\[[^\n]*\n?)")
LINK = re.compile(r"\[([^\]]+)\]\(\w+\.ipynb\)")
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
    """The notebook with one slide per heading and per map, and with notes; to be executed.

    Text below a result is for the speaker; cells that are left empty for readers go.
    """
    cells, shown, heading, kinds = [], [], "", []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = INSTALL.sub("import geonb\n", cell.source).rstrip()
            if cell.source:
                shown.append(cell)
                begins = heading == QUESTION or cell.source.startswith(MAP)
                kind = "skip" if heading in PAPER else "slide" if begins else "-"
                cells.append(part(cell, cell.source, kind))
                kinds.append("code")
            continue
        for text in re.split(r"(?m)^(?=## )", BADGE.sub("", cell.source)):
            if not text.strip():
                continue
            seen = LINK.sub(r"\1", FACTS.sub("", SOLUTION.sub("", text)))
            if text.startswith("#"):
                heading = text.splitlines()[0].lstrip("# ")
                kind = "skip" if heading in PAPER else "slide"
            else:
                kind = "notes" if kinds[-1] == "code" else "-"
            if seen.strip():
                cells.append(part(cell, seen, kind))
                kinds.append("text")
            cells += notes(heading if text.startswith("#") else "", text)
        if heading == QUESTION:  # the photo again; the answer comes with the next slide
            cells.append(part(shown[-1], shown[-1].source, "-"))
    notebook.cells = cells
    notebook.metadata.title = cells[0].source.splitlines()[0].lstrip("# ")
    return notebook


def part(cell, source, kind):
    """A cell like ``cell``, attachments included, with a text and a place of its own."""
    copy = nbformat.from_dict({**cell, "source": source, "id": nbformat.v4.new_markdown_cell().id})
    copy.metadata["slideshow"] = {"slide_type": kind}
    return copy


def notes(heading, text):
    """The speaker notes of a slide: what to say, what one needs, the solution."""
    said = [NOTES[heading]] if heading in NOTES else []
    said += FACTS.findall(text) + SOLUTION.findall(text)
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
    main()
