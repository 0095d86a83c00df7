"""Heat maps, as pictures: no browser, no network."""

import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

import geonb
import geonb_lab
import geonb_training
from geonb.earth.cells import Belief
from geonb.earth.places import nearest_town
from geonb.promise import Promise
from geonb_lab import heatmaps
from geonb_lab.regions import hold


def _model():
    """A model of 3,000 cells that believes in the first three."""
    rng = np.random.default_rng(4)
    spots = np.stack([rng.uniform(-80, 80, 40_000), rng.uniform(-180, 180, 40_000)], axis=-1)
    cells = geonb_training.partition(spots, t1=10, t2=1)
    belief = np.zeros((1, len(cells)), np.float32)
    belief[0, :3] = 0.6, 0.3, 0.1
    return SimpleNamespace(
        name="<b>", cells=cells, note="a note", promise=None, probabilities=lambda _: belief
    )


@pytest.mark.slow
def test_cells_and_heatmaps_are_drawn_as_pictures():
    model = _model()
    outlined = geonb.show_cells(model, "static")
    assert f"The {len(model.cells):,} cells of <b>, by country: " in repr(outlined)
    shaded = geonb_lab.show_heatmap(model, Image.new("RGB", (64, 48)), "static")
    town = nearest_town(model.cells.place(0))
    assert f"Where <b> looks for image: first at {town}, with 60%." in repr(shaded)
    assert "a note." in repr(shaded)
    assert f"{town}: 60%; " in shaded.alt
    assert "nine tenths of the probability: 2 cells (blue)" in shaded.alt
    assert "half of the probability: 1 cell (orange)" in shaded.alt
    assert "<b>" not in shaded._repr_html_().split("</style>")[1]
    outline, point = (46, 95, 138), tuple(round(255 * part) for part in to_rgb(heatmaps.POINT))
    assert _near(outline, _colours(outlined.image()))
    assert not _near(point, _colours(outlined.image()))
    [legend] = shaded.figure().legends
    areas = heatmaps.areas(Belief(model.cells, model.probabilities(None)[0]), None)
    assert [t.get_text() for t in legend.get_texts()] == [
        heatmaps.POINTS, *(area.words for area in areas)
    ]  # fmt: skip


def test_a_promised_region_is_outlined_and_said():
    model = _model()
    model.promise = Promise(0.9, 0.7, 100, "my $treets$", len(model.cells))
    shaded = geonb_lab.show_heatmap(model, Image.new("RGB", (64, 48)), "static")
    words = re.search(r"for 9 of 10 photos like my \$treets\$, [a-z ]+place: 2 cells", shaded.alt)
    [legend] = shaded.figure().legends
    assert legend.get_texts()[-1].get_text() == words[0]
    assert not legend.get_texts()[-1].get_parse_math()
    live = geonb_lab.show_heatmap(model, Image.new("RGB", (64, 48)), "leaflet")
    [layer] = [one for one in live.children[0].layers if hasattr(one, "point_style")]
    dashed = [f for f in layer.data["features"] if "dashArray" in f["properties"]["style"]]
    assert [len(one["geometry"]["coordinates"]) for one in dashed] == [2]


def _near(colour, colours):
    return any(max(abs(a - b) for a, b in zip(colour, c, strict=True)) < 25 for c in colours)


@pytest.mark.parametrize(("share", "count"), [(0.5, 1), (0.9, 2)])
def test_the_key_counts_the_cells_that_a_region_has(share, count):
    model = _model()
    belief = Belief(model.cells, model.probabilities(None)[0])
    [area] = [a for a in heatmaps.areas(belief, None) if a.region.probability >= share][-1:]
    assert len(area.region.classes) == len(hold(belief, share).classes) == count
    assert area.words.endswith(f": {count} cell{'s' * (count > 1)}")


def _colours(png):
    """The colours that cover more than a few pixels."""
    colours = Image.open(io.BytesIO(png)).convert("RGB").getcolors(1 << 20)
    return {colour for count, colour in colours if count > 20}
