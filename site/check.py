"""Check the built site as a reader without a network sees it: ``make site`` runs this.

Opens every page of artefacts/site/ from disk, in Chromium, with all hosts cut off. Fails on an
error of a script, a request to any host, a picture that is missing or has no alt text, a page that
is wider than a phone, and a link that leads nowhere. Takes pictures, wide and as on a phone, into
artefacts/site-pictures/.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))
from support.browser import chromium_browser  # noqa: E402 - the tests' browser

SITE = ROOT / "artefacts" / "site"
PICTURES = ROOT / "artefacts" / "site-pictures"
SIZES = {"wide": (1280, 900), "phone": (390, 844)}
"""Pixels of the window."""
GENERATED = {"genindex.html", "search.html", "py-modindex.html"}
"""Pages of Sphinx's own, which have no picture taken."""
LOOK = """async () => {
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  await new Promise(requestAnimationFrame);  // the sidebar slides away when the window shrinks
  const sliding = document.getAnimations().filter((a) => a instanceof CSSTransition);
  await Promise.all(sliding.map((a) => a.finished.catch(() => {})));
  return {
    images: [...document.querySelectorAll("article img")]
      .map((i) => ({ src: i.getAttribute("src").slice(0, 80), alt: i.alt, width: i.naturalWidth })),
    links: [...document.querySelectorAll("a[href]")].map((a) => a.href),
    ids: [...document.querySelectorAll("[id]")].map((e) => e.id),
    bars: (document.body.textContent.match(/\\d%\\|/g) ?? []).length,
    tooWide: document.documentElement.scrollWidth > innerWidth,
  };
}"""


def main():
    """Check every page, and print what is wrong; the exit code is 1 where anything is."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    other = {"_static", "_downloads"}  # parts of pages; for paper
    pages = sorted(path for path in SITE.rglob("*.html") if other.isdisjoint(path.parts))
    wrong, links, ids = [], defaultdict(set), {}
    with chromium_browser() as browser:
        for path in pages:
            seen = look(browser, path)
            wrong += [f"{path.relative_to(SITE)}: {what}" for what in seen["wrong"]]
            ids[path] = set(seen["ids"])
            for link in seen["links"]:
                links[link].add(path)
    for link, places in links.items():
        if reason := broken(link, ids):
            wrong.append(f"{min(places).relative_to(SITE)}: {link} {reason}")
    print("\n".join(wrong))
    if wrong:
        sys.exit(f"site: {len(wrong)} faults")
    print(f"==> {SITE / 'index.html'}: {len(pages)} pages and {len(links)} links hold")


def look(browser, path):
    """Open one page with the network cut: what it holds, and what is wrong with it."""
    wrong = []
    tab = browser.new_page()
    tab.route(re.compile("^https?:"), lambda it: it.abort())
    tab.on("requestfailed", lambda it: wrong.append(f"cannot load {it.url[:100]}"))
    tab.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    for size, (width, height) in SIZES.items():
        tab.set_viewport_size({"width": width, "height": height})
        if tab.url == "about:blank":
            tab.goto(path.as_uri())
        seen = tab.evaluate(LOOK)
        if seen["tooWide"]:
            wrong.append(f"wider than the window ({size})")
        if path.name not in GENERATED:
            name = "-".join(path.relative_to(SITE).with_suffix("").parts)
            tab.screenshot(path=PICTURES / f"{name}-{size}.png", full_page=True)
    tab.close()
    if seen["bars"]:
        wrong.append(f"{seen['bars']} lines of progress bars")
    for image in seen["images"]:
        if not image["width"]:
            wrong.append(f"the picture {image['src']} is missing")
        if not image["alt"]:
            wrong.append(f"the picture {image['src']} has no alt text")
    return {**seen, "wrong": wrong}


def broken(link, ids):
    """Why a link from one page of the site to another doesn't hold; empty if it does."""
    address, mark = urldefrag(link)
    if not address.startswith("file:"):
        return ""
    path = Path(unquote(urlsplit(address).path))
    if not path.exists():
        return "leads nowhere"
    if mark and path in ids and unquote(mark) not in ids[path]:
        return "names a place that the page doesn't have"
    return ""


if __name__ == "__main__":
    main()
