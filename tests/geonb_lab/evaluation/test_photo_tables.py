"""Coordinates in the forms that tables have them in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geonb_lab.evaluation.photo_tables import degrees


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("35.6586", 35.6586),
        ("-35.6586", -35.6586),
        ("\N{MINUS SIGN}35.6586", -35.6586),
        ("35,6586", 35.6586),
        ("35.6586N", 35.6586),
        ("35.6586 S", -35.6586),
        ("S 35.6586", -35.6586),
        ("-35.6586S", -35.6586),
        ("35 deg 39' 30.96\" N", 35.6586),
        ("35 deg 39' 30.96\"", 35.6586),
        ("35°39\N{PRIME}30.96\N{DOUBLE PRIME}S", -35.6586),
        ("35,39.516N", 35.6586),
        ("35:39:30.96", 35.6586),
        ("0 deg 30' 0\" S", -0.5),
        ("-0 30 0", -0.5),
    ],
)
def test_forms(text, value):
    assert degrees(text, "NS") == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    ["", "N", "north", "35 61 0", "35 0 61", "1 2 3 4", "35E", "35NS", "-35N", "3-5", "35m", "--3"],
)
def test_what_is_no_coordinate(text):
    with pytest.raises(ValueError, match="coordinate"):
        degrees(text, "NS")


def test_the_side_may_stand_elsewhere():
    assert degrees("33.8", "NS", "South") == degrees("-33.8", "NS", "S") == -33.8
    assert degrees("33.8", "NS", "N") == 33.8
    assert degrees("33.8N", "NS", "") == 33.8


@given(st.floats(-180, 180))
def test_degrees_minutes_and_seconds_are_the_same_number(value):
    seconds = round(abs(value) * 3600, 4)
    text = (
        f"{int(seconds // 3600)}°{int(seconds % 3600 // 60)}'{seconds % 60:.5f}\"{'EW'[value < 0]}"
    )
    if seconds % 60 < 59.99999:
        assert degrees(text, "EW") == pytest.approx(value, abs=1e-6)
