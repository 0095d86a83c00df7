"""Rows for a contact sheet."""

NAMES = ("cairo", "lima", "nairobi", "paris")
"""Example photos."""


def rows(photos, count):
    """Rows as of ``geonb locate``, spread over the world."""
    return [
        {
            "photo": str(photos[i % len(photos)]), "error": None, "lat_1": i * 7 % 120 - 60.0,
            "lng_1": i * 13 % 360 - 180.0, "town_1": f"Town {i}, Land {i % 5}",
            "probability_1": 0.5, "radius_km": float(i), "distance_km": None,
        }
        for i in range(count)
    ]  # fmt: skip
