"""A contact sheet of 5,000 photos: how soon Chromium shows it from disk, and how it scrolls.

Each frame scrolls on by a screen's third. A frame counts as late after 50 ms: three of a screen
with 60 a second. A browser without a screen, on a busy machine, is slower than one on a laptop.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import geonb
from geonb_lab.many.album import write_album
from support.album import NAMES, rows
from support.browser import chromium_browser

PHOTOS, FRAMES = 5000, 600
OPEN_S, LATE_MS = 3.0, 50.0  # what is promised
LOADED = "performance.timing.loadEventEnd - performance.timing.fetchStart"
SCROLL = """
frames => new Promise(done => {
  const took = [];
  let last = performance.now();
  function step(now) {
    took.push(now - last);
    last = now;
    if (took.length > frames) return done(took.slice(1));
    scrollBy(0, innerHeight / 3);
    requestAnimationFrame(step);
  }
  requestAnimationFrame(step);
})
"""


def main() -> int:
    """Say what was measured; 1 if it is above what is promised."""
    with tempfile.TemporaryDirectory() as temporary, chromium_browser() as chromium:
        photos = [Path(temporary) / f"{name}.jpg" for name in NAMES]
        for name, photo in zip(NAMES, photos, strict=True):
            photo.write_bytes(geonb.example_photo(name).source)
        album = Path(temporary) / "album.html"
        write_album(rows(photos, PHOTOS), album)
        opened = []
        for _ in range(3):
            page = chromium.new_page(viewport={"width": 1280, "height": 900})
            page.goto(album.as_uri(), wait_until="load")
            opened.append(page.evaluate(LOADED))
            took = page.evaluate(SCROLL, FRAMES)
            seen = page.evaluate("scrollY / innerHeight")
            page.close()
    middle, worst = statistics.median(took), max(took)
    late = sum(ms > LATE_MS for ms in took) / len(took)
    print(f"a contact sheet of {PHOTOS:,} photos: whole after {min(opened) / 1000:.1f} s")
    print(
        f"scrolling {seen:.0f} screens: {middle:.1f} ms a frame, the worst {worst:.0f}, "
        f"{late:.1%} over {LATE_MS:g}"
    )
    return int(min(opened) > 1000 * OPEN_S or middle > 1000 / 50 or late > 0.05)


if __name__ == "__main__":
    sys.exit(main())
