"""What tests share: the project's folders, files made for a test, and servers that play the web."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
ARTEFACTS = ROOT / "artefacts"
