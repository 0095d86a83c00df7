"""Minutes, words and pictures of each notebook, now and at a revision: ``measure.py a1560ef``."""

import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
NOT_WORDS = re.compile(r"```.*?```|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|<[^>]+>", re.DOTALL)
"""Code, pictures, addresses and tags."""


def words(text):
    """How many words a text cell has for its reader."""
    return len(re.findall(r"\w[\w'.,-]*", NOT_WORDS.sub(" ", text)))


def measured(text):
    """Minutes as stated, all words, and words of the median and the longest text cell."""
    cells = nbformat.reads(text, as_version=4).cells
    counts = [words(cell.source) for cell in cells if cell.cell_type == "markdown"]
    (minutes, *_) = re.findall(r"(\d+) minutes", cells[0].source)
    return [minutes, sum(counts), round(statistics.median(counts)), max(counts)]


def main():
    """Print a row per notebook; with a revision, what it was there beside it."""
    revision = sys.argv[1:2]
    print(f"{'notebook':<30} minutes  words  median  longest{'   (before)' if revision else ''}")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        row = "{:>7}{:>7}{:>8}{:>9}".format(*measured(path.read_text(encoding="utf-8")))
        if revision:
            name = f"{revision[0]}:notebooks/{path.name}"
            old = subprocess.run(["git", "show", name], cwd=ROOT, capture_output=True, check=False)
            if old.returncode == 0:
                row += "   ({:>3}{:>6}{:>5}{:>5})".format(*measured(old.stdout.decode()))
        print(f"{path.stem:<30} {row}")


if __name__ == "__main__":
    main()
