"""A round of the guessing game on paper: ``make class-set SEED=7``.

Two pages to print, one HTML file: five drawn streets with a blank map of the world; the answers.
``geonb_lab.play(round_of_photos(7))`` plays the same five in a notebook.
"""

import argparse
import base64
import io
from html import escape
from pathlib import Path

import numpy as np

import geonb
from geonb.maps.plane import land
from geonb_training.scenes import round_of_photos, round_of_scenes

OUT = Path(__file__).parents[1] / "artefacts" / "class_set"
STYLE = """
@page { size: A4 landscape; margin: 10mm; }
body { font: 11pt/1.35 sans-serif; color: #111; max-width: 277mm; margin: auto; }
h1 { font-size: 15pt; margin: 0 0 2mm; }
section { break-after: page; }
.photos { display: grid; grid-template-columns: repeat(5, 1fr); gap: 3mm; }
figure { margin: 0; } img { width: 100%; } figcaption { margin-top: 1mm; }
svg { width: 100%; height: 118mm; border: 0.3mm solid #777; margin-top: 2mm; }
path { fill: #eee; stroke: #777; stroke-width: .25; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 0.2mm solid #777; padding: 1.5mm 3mm; text-align: left; }
"""


def page(seed):
    """Both pages as one HTML text."""
    scenes, photos = round_of_scenes(seed), round_of_photos(seed)
    model = geonb.load_model("mini")
    figures = "".join(
        f'<figure><img alt="{escape(photo.alt)}" src="data:image/jpeg;base64,'
        f'{base64.b64encode(_without_place(photo)).decode()}"><figcaption>{number}: '
        "____________________</figcaption></figure>"
        for number, photo in enumerate(photos, start=1)
    )
    rows = "".join(
        _answer(number, scene, geonb.predict(model, photo, top=1)[0])
        for number, (scene, photo) in enumerate(zip(scenes, photos, strict=True), start=1)
    )
    shores = "".join(
        "M" + "L".join(f"{x:g} {-y:g}" for x, y in np.round(shore, 1).tolist()) + "Z"
        for shore in land()[0]
    )
    head = "<tr><th>photo</th><th>taken in</th><th>mini's first guess</th><th>km off</th>"
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Where is it? {seed}</title>'
        f"<style>{STYLE}</style><section><h1>Where was each photo taken? Write a town, and put its "
        f'number on the map. Round {seed}</h1><div class="photos">{figures}</div>'
        f'<svg viewBox="-180 -80 360 140" role="img" aria-label="A blank map of the world">'
        f'<path d="{shores}"/></svg></section>'
        f"<section><h1>Answers, round {seed}</h1><table>{head}<th>points</th></tr>{rows}</table>"
        "<p>Points: 5000 · exp(-km / 1492.7). 100 km off: 4,676; 500: 3,577; 1000: 2,559; "
        "2000: 1,309; 5000: 175.</p></section></html>"
    )


def _without_place(photo):
    """The photo's pixels alone: a page that's passed around must not tell the answers."""
    buffer = io.BytesIO()
    photo.image().save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _answer(number, scene, guess):
    km = geonb.distance(guess.place, scene.place)
    points = 5000 * np.exp(-km / 1492.7)
    where = f"{scene.city.name}, {scene.city.country}"
    return (
        f"<tr><td>{number}</td><td>{escape(where)}</td><td>{escape(str(guess.town))}, "
        f"{guess.probability:.0%}</td><td>{km:,.0f}</td><td>{points:,.0f}</td></tr>"
    )


def main():
    """Write artefacts/class_set/round-SEED.html."""
    parser = argparse.ArgumentParser(description="A printable round of the guessing game.")
    parser.add_argument("--seed", type=int, default=7, help="the round; the same seed, same photos")
    seed = parser.parse_args().seed
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"round-{seed}.html"
    path.write_text(page(seed), encoding="utf-8")
    print(f"wrote {path}; print it from a browser, page 1 for everyone, page 2 for you")


if __name__ == "__main__":
    main()
