"""A round of the guessing game on paper: ``make class-set SEED=7``.

Two HTML files of four pages to print, one in colour and one for copiers: five drawn streets; a
blank map of the world; the answers, with what gave each away; and the map with circles around
them. ``geonb_lab.play(round_of_photos(7))`` plays the same five in a notebook.
"""

import argparse
import base64
import io
from html import escape
from pathlib import Path

import numpy as np
from PIL import ImageOps

import geonb
from geonb.distances import EARTH_RADIUS_KM
from geonb.maps.plane import land
from geonb_lab.game.towns import whereabouts
from geonb_training.scenes import round_of_photos, round_of_scenes

CLIMATES = {"A": "tropical", "B": "dry", "C": "mild", "D": "cold"}
"""By the first letter of Köppen's class; who reads the answers out doesn't know "Csb"."""
OUT = Path(__file__).parents[1] / "artefacts" / "class_set"
STYLE = """
@page { size: A4 landscape; margin: 10mm; }
body { font: 11pt/1.35 sans-serif; color: #111; max-width: 277mm; margin: auto; }
h1 { font-size: 15pt; margin: 0 0 2mm; }
section { break-after: page; }
.photos { display: grid; grid-template-columns: repeat(3, 88mm); gap: 3mm; }
.next { break-before: page; }
figure { margin: 0; } img { width: 88mm; } figcaption { margin-top: 1mm; min-height: 6mm; }
small { display: block; }
svg { width: 100%; height: 150mm; border: 0.3mm solid #777; margin-top: 2mm; }
path { fill: #eee; stroke: #777; stroke-width: .25; }
path.circle { fill: none; stroke: #000; stroke-width: .3; }
path.r1000 { stroke-dasharray: 1.5 1; } path.r2000 { stroke-dasharray: .4 .8; }
text { font-size: 5px; font-weight: bold; text-anchor: middle; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 0.2mm solid #777; padding: 1.5mm 3mm; text-align: left; }
"""


def page(seed, *, colour=True):
    """All pages as one HTML text; without colours, they are told in words."""
    scenes, photos = round_of_scenes(seed), round_of_photos(seed)
    model = geonb.load_model("mini")
    pairs = list(enumerate(zip(scenes, photos, strict=True), start=1))
    figures = "".join(_figure(number, *pair, colour=colour) for number, pair in pairs)
    rows = "".join(
        _answer(number, scene, geonb.predict(model, photo, top=1)[0])
        for number, (scene, photo) in pairs
    )
    circles = "".join(circles_around(number, scene.place) for number, (scene, _) in pairs)
    printing = "Print in colour: colours are clues." if colour else "Without colours, for copiers."
    head = "<tr><th>photo</th><th>taken in</th><th>what gave it away</th>"
    head += "<th>mini's first guess</th><th>km off</th>"
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Where is it? {seed}</title>'
        f"<style>{STYLE}</style><section><h1>Where was each photo taken? Write a town under it. "
        f'Round {seed}</h1><p>{printing}</p><div class="photos">{figures}</div>'
        '<h1 class="next">Put the number of each photo on the map.</h1>'
        f"{_map('A blank map of the world')}</section>"
        f"<section><h1>Answers, round {seed}</h1><table>{head}<th>points</th></tr>{rows}</table>"
        "<p>Points: 5000 · exp(-km / 1492.7); the city's name is a hit. 100 km off: 4,676; 500: "
        "3,577; 1000: 2,559; 2000: 1,309; 5000: 175.</p>"
        '<h1 class="next">Inside the line: 3,577 points and more; the dashes: 2,559; the dots: '
        "1,309 (500, 1000 and 2000 km).</h1>"
        f"{_map('The true places with circles of 500, 1000 and 2000 km', circles)}"
        "</section></html>"
    )


def _figure(number, scene, photo, *, colour):
    picture = base64.b64encode(_without_place(photo, colour=colour)).decode()
    words = "" if colour else f"<small>{escape(_colours(scene))}</small>"
    return (
        f'<figure><img alt="{escape(photo.alt)}" src="data:image/jpeg;base64,{picture}">'
        f"<figcaption>{number}: ____________________{words}</figcaption></figure>"
    )


def _colours(scene):
    """What a copier loses."""
    city = scene.city
    told = [f"walls {city.wall}"]
    told += [f"centre line {city.centre_line}"] * ("centre line" in scene.clues)
    told += [f"taxi {' and '.join(city.taxi)}"] * ("taxi" in scene.clues)
    told += [f"plate {city.plate}"] * ("plate" in scene.clues)
    return f"Colours: {', '.join(told)}"


def _away(scene):
    """What gave the city away, by the table that the scene was drawn from."""
    city = scene.city
    told = [city.spot] * ("landmark" in scene.clues)
    told += [f"{city.script.capitalize()} letters"] * ("shop sign" in scene.clues)
    told += [f"traffic on the {city.drives}", f"{city.centre_line} centre line"]
    told += [f"a {city.plate} plate, {city.plate_shape}"] * ("plate" in scene.clues)
    told += [f"a {' and '.join(city.taxi)} taxi"] * ("taxi" in scene.clues)
    told += [f"a {city.warning.partition('-')[0]} as warning sign"] * (
        "warning sign" in scene.clues
    )
    told += [f"houses: {city.building}, {city.wall}", f"a {CLIMATES[city.climate[0]]} climate"]
    return ", ".join(told)


def _map(words, marks=""):
    shores = "".join(
        "M" + "L".join(f"{x:g} {-y:g}" for x, y in np.round(shore, 1).tolist()) + "Z"
        for shore in land()[0]
    )
    return (
        f'<svg viewBox="-180 -80 360 140" role="img" aria-label="{words}">'
        f'<path d="{shores}"/>{marks}</svg>'
    )


def circles_around(number, place):
    """The photo's number, and circles of 500, 1000 and 2000 km around its place."""
    lat, lng = np.radians(place)
    turn = np.linspace(0, 2 * np.pi, 121)
    marks = f'<text x="{place[1]:.1f}" y="{-place[0] + 1.7:.1f}">{number}</text>'
    for km in (500, 1000, 2000):
        arc = km / EARTH_RADIUS_KM
        north = np.arcsin(np.sin(lat) * np.cos(arc) + np.cos(lat) * np.sin(arc) * np.cos(turn))
        east = np.arctan2(
            np.sin(turn) * np.sin(arc) * np.cos(lat), np.cos(arc) - np.sin(lat) * np.sin(north)
        )
        points = np.degrees(np.stack([lng + east, -north], axis=-1)).round(2).tolist()
        copies = [np.add(points, (by, 0)).round(2) for by in (0, 360, -360)]  # beyond ±180°
        line = "M".join("L".join(f"{x:g} {y:g}" for x, y in copy) for copy in copies)
        marks += f'<path class="circle r{km}" d="M{line}"/>'
    return marks


def _without_place(photo, *, colour=True):
    """The photo's pixels alone: a page that's passed around must not tell the answers."""
    buffer = io.BytesIO()
    image = photo.image() if colour else ImageOps.autocontrast(photo.image().convert("L"))
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _answer(number, scene, guess):
    km = geonb.distance(guess.place, scene.place)
    points = 5000 * np.exp(-km / 1492.7)
    return (
        f"<tr><td>{number}</td><td>{escape(whereabouts(scene.place))}</td>"
        f"<td>{escape(_away(scene))}</td><td>{escape(str(guess.town))}, "
        f"{guess.probability:.0%}</td><td>{km:,.0f}</td><td>{points:,.0f}</td></tr>"
    )


def main():
    """Write artefacts/class_set/round-SEED.html, and round-SEED-grey.html."""
    parser = argparse.ArgumentParser(description="A printable round of the guessing game.")
    parser.add_argument("--seed", type=int, default=7, help="the round; the same seed, same photos")
    seed = parser.parse_args().seed
    OUT.mkdir(parents=True, exist_ok=True)
    for name, colour in ((f"round-{seed}.html", True), (f"round-{seed}-grey.html", False)):
        (OUT / name).write_text(page(seed, colour=colour), encoding="utf-8")
        how = "in colour" if colour else "on a copier"
        print(f"wrote {OUT / name}; print it {how}: pages 1 and 2 for everyone, 3 and 4 for you")


if __name__ == "__main__":
    main()
