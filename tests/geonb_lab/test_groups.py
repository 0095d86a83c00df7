"""A map of many places."""

import pytest

import geonb
import geonb_lab


def test_many_places_are_circles_that_count_them():
    """Every place is in one circle, and no circle covers another."""
    places = [*[(35.68, 139.76)] * 7, (34.69, 135.5), (-12.05, -77.04), (-33.87, 151.21)]
    picture = geonb_lab.show_places(places)
    assert "10 places" in picture.alt
    assert "Japan 8, Peru 1, Australia 1" in picture.alt
    numbers = picture.figure().axes[0].texts
    assert sorted(int(text.get_text()) for text in numbers) == [1, 1, 8]
    with pytest.raises(geonb.GeonbError, match="91"):
        geonb_lab.show_places([(91, 0)])
