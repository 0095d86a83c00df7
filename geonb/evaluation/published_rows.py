"""Published accuracies: the rows of the blog's two tables, with where each comes from."""

from __future__ import annotations

from dataclasses import dataclass

THRESHOLDS_KM = (1.0, 25.0, 200.0, 750.0, 2500.0)
"""Street, city, region, country, continent: the distances of the blog's tables."""

IM2GPS = "IM2GPS"
"""237 photos (Hays and Efros, CVPR 2008)."""
PLACING_2016 = "Placing 2016"
"""About 1.5 million Flickr photos (MediaEval Placing Task 2016)."""

_BLOG = (
    'J. Choi and K. Li, "Estimating the Location of Images Using MXNet and Multimedia Commons '
    'Dataset on AWS EC2", AWS blog, 2017'
)


@dataclass(frozen=True)
class PublishedRow:
    """What somebody printed of a system's accuracy on a test set."""

    system: str
    """The name of the network."""
    test_set: str
    """Which photos; rows of different test sets do not compare."""
    photos: int
    """How many; rounded by the source where it says "million"."""
    within: tuple[float, ...]
    """Per cent of the photos within each of `THRESHOLDS_KM`."""
    source: str
    """Where it was printed."""


PUBLISHED = (
    PublishedRow("PlaNet", IM2GPS, 237, (8.4, 24.5, 37.6, 53.6, 71.3), _BLOG),
    PublishedRow("LocationNet", IM2GPS, 237, (16.8, 39.2, 48.9, 67.9, 82.2), _BLOG),
    PublishedRow("PlaNet", "PlaNet's Flickr", 2_300_000, (3.6, 10.1, 16.0, 28.4, 48.0), _BLOG),
    PublishedRow("LocationNet", PLACING_2016, 1_500_000, (6.2, 13.5, 20.8, 35.6, 55.2), _BLOG),
)
"""Both tables of the blog. Its Flickr rows are of two different test sets, as it says."""
