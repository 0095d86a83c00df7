"""Draw the pictures of the README and at the top of the notebooks: ``make pictures``.

Each is an attachment of the first cell, so a notebook that travels alone still has its picture.
What it shows is said there, in the notebook, as its alt text.
"""

import base64
import io
import re
from functools import cache
from itertools import chain, pairwise
from pathlib import Path

import nbformat
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image, ImageDraw

import geonb
import geonb_lab
import geonb_training
from geonb.earth.outlines import polygons
from geonb.maps import drawing
from geonb.maps.pins import in_degrees
from geonb.maps.plane import great_circle
from geonb.network.opening import find_checkpoint
from geonb_lab.evaluation.scores import THRESHOLDS_KM, wilson
from geonb_training.scenes import draw, drawn_trip, held_out, shoot

ROOT = Path(__file__).parents[1]
NAME = "picture.png"
TESTED = 480
"""Test photos of the stored run in notebook 06."""
_COLOURS = 200
_DPI = 120


@cache
def mini():
    """The model that everybody has."""
    return geonb.load_model("mini")


def result():
    """The example photo, its five guesses on the world, and a close-up: what geonb does."""
    photo = geonb.example_photo()
    predictions = geonb.predict(mini(), photo)
    return geonb.show_map(predictions, provider="static").figure()


def asked(number):
    """A scene that is in no exercise, and mini's answer; lessons begin with a guess."""
    scene = draw(shoot(number, "test", 1))
    return scene, geonb.predict(mini(), scene.image, truth=scene.place)


def outlines(cells):
    """The cells' outlines as lines on a map."""
    return chain.from_iterable(polygons(cells.ids))


def panels(*widths, height=3.0):
    """An empty drawing with panels side by side."""
    figure = Figure(figsize=(9.6, height), layout="constrained")
    return figure, figure.subplots(1, len(widths), width_ratios=widths)


def photo_on(axes, image, title):
    """A photo without ticks."""
    axes.imshow(image)
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()


def world_on(axes, title):
    """Land and sea without ticks."""
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()
    axes.figure.draw_without_rendering()  # so that the map knows its size
    return drawing.world(axes)


def close_on(axes, places, predictions):
    """A close-up with pins, towns and a bar of kilometres."""
    axes.set(xticks=[], yticks=[])
    axes.figure.draw_without_rendering()
    chart = drawing.close_up(axes, places)
    drawing.add_scale_bar(chart)
    drawing.add_pins(chart, predictions)
    drawing.add_towns(chart, 4)


def five_guesses():
    """A photo, and the five guesses on the world."""
    scene, predictions = asked(15)
    figure, (left, right) = panels(1, 1.9)
    photo_on(left, scene.image, "a photo")
    world = world_on(right, "five guesses, and the true place")
    drawing.add_pins(world, predictions, 0.6)
    return figure


def the_model():
    """What is in the three files of mini: operations, patterns, cells."""
    files = find_checkpoint(geonb.fetch("mini"))
    checkpoint = files.read()
    figure, (left, middle, right) = panels(1, 0.9, 2.4)
    names = [layer.op for layer in checkpoint.layers]
    counts = sorted(((names.count(name), name) for name in set(names)), reverse=True)
    left.barh([name for _, name in counts][::-1], [n for n, _ in counts][::-1], color="#0072b2")
    left.set_title("the drawing: operations", fontsize=10)
    left.tick_params(labelsize=7)
    left.spines[["top", "right"]].set_visible(False)
    photo_on(middle, patterns(checkpoint.arrays["conv0_weight"]), "the numbers: patterns")
    world = world_on(right, "the places: cells")
    world.add_lines(outlines(mini().cells), colors="#005b8f", lw=0.6)
    return figure


def patterns(weights):
    """The first layer's filters (N, 3, 7, 7) as small pictures in a square."""
    side = int(np.sqrt(len(weights)))
    lowest, highest = weights.min(), weights.max()
    tiles = (weights[: side * side] - lowest) / (highest - lowest)
    tiles = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=1.0)
    rows = tiles.transpose(0, 2, 3, 1).reshape(side, side, *tiles.shape[2:], 3)
    return rows.transpose(0, 2, 1, 3, 4).reshape(side * tiles.shape[2], -1, 3)


def from_photo_to_prediction():
    """A photo with its middle square, what the network sees, and what it says."""
    scene, _ = asked(13)
    image = scene.image
    figure, (whole, square, said) = panels(1.33, 1, 1.4)
    photo_on(whole, image, "a photo, and its middle")
    corner = ((image.width - image.height) / 2, 0)
    whole.add_patch(Rectangle(corner, image.height, image.height, fill=False, ec="#d55e00", lw=3))
    seen = geonb.preprocess(image)[0].transpose(1, 2, 0)  # (224, 224, 3)
    photo_on(square, (seen - seen.min()) / np.ptp(seen), "what the network sees")
    table = np.sort(mini().probabilities(image)[0])[::-1][:12]
    said.bar(np.arange(1, 13), table, color=["#0072b2"] * 5 + ["#bbbbbb"] * 7)
    said.set_title("what it says: one probability per cell", fontsize=10)
    said.set_xlabel("rank", fontsize=8)
    said.tick_params(labelsize=8)
    said.spines[["top", "right"]].set_visible(False)
    return figure


def maps():
    """The same five guesses as dots in a plane, and on a map."""
    _, predictions = asked(34)
    figure, (naive, honest) = panels(1, 1.9)
    lats, lngs = np.array(predictions.places).T
    naive.plot(lngs, lats, "o")
    naive.set_title("five guesses as dots", fontsize=10)
    naive.tick_params(labelsize=8)
    world = world_on(honest, "the same on a map, with their ranks and the true place")
    drawing.add_pins(world, predictions, 0.6)
    return figure


def your_photos():
    """A photo with what its file says, and around that place what the pixels say."""
    scene, predictions = asked(28)
    figure, (left, right) = panels(1, 1.5)
    photo_on(left, scene.image, f"{in_degrees(scene.place)}, says the file")
    right.set_title("what the pixels say", fontsize=10)
    close_on(right, [predictions.places[0], scene.place], predictions)
    return figure


def how_good():
    """Where photos were taken, and where mini puts them: one line per photo."""
    scenes = list(held_out(60))
    guesses = mini().probabilities([scene.image for scene in scenes]).argmax(axis=1)
    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    axes = figure.subplots()
    world = world_on(axes, "60 photos: from the true place to the first guess")
    for scene, guess in zip(scenes, mini().cells.places[guesses].tolist(), strict=True):
        line = great_circle(scene.place, guess)
        world.add_lines([line], colors="#d55e00", lw=1.2)
        axes.plot(
            *world.project(np.array(scene.place[::-1])),
            "o",
            color="#00664b",
            ms=4,
            mec="white",
            mew=0.5,
        )
    return figure


def train_your_own():
    """The partition of the same places by three thresholds."""
    places = np.array([shoot(number).place for number in range(6000)])
    figure, row = panels(1, 1, 1, height=1.75)
    for axes, t1 in zip(row, (800, 200, 50), strict=True):
        cells = geonb_training.partition(places, t1=t1, t2=6)
        world = world_on(axes, f"t1 = {t1}: {len(cells)} cells")
        world.add_rings(outlines(cells), fc="#0072b233", ec="#005b8f", lw=0.5)
    return figure


def what_it_looked_at():
    """A photo, and twice the same with a thing covered: what is left of the answer."""
    scene, predictions = asked(3)
    figure, row = panels(1, 1, 1, height=2.7)
    best = predictions[0].probability
    photo_on(row[0], scene.image, f"nothing covered: {best:.2f}")
    for axes, clue in zip(row[1:], ("shop sign", "landmark"), strict=True):
        box = scene.clues[clue]
        covered = scene.image.copy()
        ImageDraw.Draw(covered).rectangle(box, fill=(124, 117, 104))
        left = best - geonb_lab.occlude_boxes(mini(), scene.image, [box])[0]
        photo_on(axes, covered, f"the {clue} covered: {left:.2f}")
    return figure


def nine_years_later():
    """Outlines of cells, and a list of places shaded by how much they look like Tokyo."""
    found = geonb_lab.lookalikes("geoclip", (35.6586, 139.7454))
    figure, (left, right) = panels(1, 1, height=2.6)
    cells = world_on(left, "2017: one class for each cell")
    cells.add_rings(outlines(mini().cells), fc="#0072b233", ec="#005b8f", lw=0.5)
    places = world_on(right, "2023: a list of places, darker if more like Tokyo")
    order = np.argsort(found.similar)[::3]
    right.scatter(
        *places.project(found.everywhere[order, ::-1]).T, c=found.similar[order],
        s=2, lw=0, vmin=0, vmax=0.6, cmap="cividis_r",
    )  # fmt: skip
    return figure


def a_thousand_photos():
    """Where mini puts the photos of the notebook's folder: a circle for those near each other."""
    guesses = mini().probabilities([scene.image for scene in held_out(1000)]).argmax(axis=1)
    return geonb_lab.show_places(mini().cells.places[guesses]).figure()


def a_trip():
    """The trip of the notebook, together, and where one of its photos seems to be alone."""
    trip = drawn_trip(8, photos=12, seed=7)
    images, times = [scene.image for scene in trip.scenes()], 3600 * np.array(trip.hours)
    found = geonb_lab.locate_trip(mini(), images, times=1.7e9 + times, progress=False)
    lone = mini().cells.place(int(found[5].probabilities_alone.argmax()))
    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    axes = figure.subplots()
    world = world_on(axes, "twelve photos of a trip; dashed: where one of them seems to be alone")
    for a, b in pairwise(photo.place for photo in found):
        world.add_lines([great_circle(a, b)], colors="#0072b2", lw=1.6)
    world.add_lines([great_circle(found[5].place, lone)], colors="#d55e00", lw=1.6, ls="--")
    for place, colour in ((lone, "#d55e00"), *((photo.place, "#0072b2") for photo in found)):
        axes.plot(*world.project(np.array(place[::-1])), "o", color=colour, ms=5, mec="white")
    corners = world.project(np.array([[-15.0, 8.0], [118.0, 8.0], [50.0, 0.0], [50.0, 50.0]]))
    axes.set(xlim=corners[:2, 0], ylim=corners[2:, 1])
    return figure


def line_by_line():
    """The printed answer for Tokyo Tower: on a map, and by distance."""
    answer = geonb.published_answer()
    figure, (left, right) = panels(1.2, 1, height=3.2)
    left.set_title("printed in 2017: five guesses for Tokyo Tower", fontsize=10)
    right.barh(range(5, 0, -1), answer.distances, color="#0072b2")
    right.set_yticks(range(5, 0, -1), [f"{p.rank}: {p.probability:.0%}" for p in answer])
    right.set_title("km from the tower", fontsize=10)
    right.spines[["top", "right"]].set_visible(False)
    close_on(left, [*answer.places, answer.truth], answer)
    return figure


def stored_leak(table):
    """The shares of a stored run, from the table beside them, with their 95% intervals."""
    figure = Figure(figsize=(7.2, 2.8), layout="constrained")
    axes = figure.subplots()
    for shift, row, colour in zip((-0.2, 0.2), table, ("#d55e00", "#0072b2"), strict=True):
        shares = np.array(row[1:], float)
        low, high = np.transpose([wilson(share / 100, TESTED) for share in shares]) * 100
        bars = [shares - low, high - shares]
        at = np.arange(len(shares)) + shift
        axes.bar(at, shares, 0.38, yerr=bars, color=colour, ecolor="#555555", label=row[0])
    axes.set_xticks(range(5), [f"{km:g} km" for km in THRESHOLDS_KM])
    axes.set_ylabel("% of photos within")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def add_stored_leak(notebook):
    """Put the picture of the stored run beside its table, in notebook 06."""
    cell = next(cell for cell in notebook.cells if "attachment:stored.png" in cell.source)
    rows = re.findall(r"(?m)^\| (split by \w+) \|(.*)\|$", cell.source)
    table = [[name, *re.findall(r"[\d.]+", shares)] for name, shares in rows]
    encoded = base64.b64encode(png(stored_leak(table))).decode()
    cell["attachments"] = {"stored.png": {"image/png": encoded}}


PICTURES = (
    five_guesses,
    the_model,
    from_photo_to_prediction,
    maps,
    your_photos,
    how_good,
    train_your_own,
    what_it_looked_at,
    nine_years_later,
    a_thousand_photos,
    a_trip,
    line_by_line,
)


def png(figure):
    """A small file without margins: few colours are enough."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, bbox_inches="tight", pad_inches=0.05)
    image = Image.open(buffer).convert("RGB")
    small = io.BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(small, "PNG", optimize=True)
    return small.getvalue()


def main():
    """Write the pictures into docs/ and notebooks/."""
    (ROOT / "docs" / "where.png").write_bytes(png(result()))
    for path, picture in zip(
        sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")), PICTURES, strict=True
    ):
        notebook = nbformat.read(path, as_version=4)
        data = png(picture())
        encoded = base64.b64encode(data).decode()
        notebook.cells[0]["attachments"] = {NAME: {"image/png": encoded}}
        if picture is train_your_own:
            add_stored_leak(notebook)
        nbformat.write(notebook, path)
        print(f"{path.stem:<28} {len(data) / 1000:>4.0f} kB")


if __name__ == "__main__":
    main()
