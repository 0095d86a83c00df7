"""What all plots of measurements share: names as they are written, marks that aren't cut."""

import io

import numpy as np
import pytest

from geonb_lab.evaluation.axes import arms, by_distance, literal, new_axes
from geonb_lab.evaluation.scores import THRESHOLDS_KM


def drawn(name, **options):
    """The pixels of a plot that is called so."""
    canvas, axes = new_axes()
    axes.set_title(name, **options)
    file = io.BytesIO()
    canvas.savefig(file, format="png")
    return file.getvalue()


def test_a_name_is_drawn_letter_by_letter():
    """To matplotlib, text between two $ is mathematics, and an unknown command there an error."""
    for name in ("$5$ and $6$", r"$\nothing$"):
        assert drawn(literal(name)) == drawn(name, parse_math=False)


def test_distances_are_those_of_the_tables_and_marks_at_the_rims_are_whole():
    canvas, axes = new_axes()
    by_distance(axes)
    axes.plot(THRESHOLDS_KM, [0, 0, 50, 100, 100], "o")
    canvas.canvas.draw()
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "1", "25", "200", "750", "2500",
    ]  # fmt: skip
    low, high = axes.get_ylim()
    assert low < -1
    assert high > 101


def test_an_interval_is_drawn_from_its_low_end_to_its_high_one():
    _, axes = new_axes()
    values, intervals = [20.0, 50.0], [(10.0, 40.0), (45.0, 70.0)]
    bars = axes.errorbar([1, 2], values, arms(values, intervals))
    [segments] = [lines.get_segments() for lines in bars[2]]
    drawn = [tuple(segment[:, 1]) for segment in np.array(segments)]
    assert drawn == [pytest.approx(interval) for interval in intervals]
