"""Towns as people type them."""

import pytest

import geonb
from geonb.earth.places import gazetteer
from geonb.errors import PlaceError
from geonb.shown.pictures import asset
from geonb_lab.game.towns import find_town, is_in, whereabouts


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Tokyo", (35.7, 139.7)),
        ("são paulo", (-23.5, -46.6)),
        ("SAO PAULO", (-23.5, -46.6)),
        ("Paris", (48.9, 2.3)),
        ("Paris, United States", (33.7, -95.6)),
        ("New York", (40.7, -74.0)),
        ("Frankfurt", (50.1, 8.7)),
        ("Seville", (37.4, -6.0)),
        ("Ghent", (51.1, 3.7)),
        ("Kiev", (50.4, 30.5)),
        ("Marrakech", (31.6, -8.0)),
        ("London, UK", (51.5, -0.1)),
        ("Rio", (-22.9, -43.2)),
        ("Rio, Greece", (38.3, 21.8)),
        ("Bali", (-8.65, 115.2)),
        ("York", (54.0, -1.1)),
        ("Den Haag", (52.1, 4.3)),
        ("Kairo", (30.0, 31.2)),
        ("Mallorca", (39.6, 2.6)),
        ("Washington, D.C.", (38.9, -77.0)),
        ("St. Petersburg", (59.9, 30.3)),
    ],
)
def test_a_town_is_found_as_people_type_it(text, near):
    assert geonb.distance(find_town(text).place, near) < 20


def test_every_alias_leads_to_a_town_that_it_would_not_find_without():
    lines = asset("aliases.txt", "geonb_lab")
    for alias, known in (line.split(" = ") for line in lines.splitlines() if line[0] != "#"):
        town, country = known.strip(", ").rpartition(", ")[::2]
        largest = largest_town(country)  # with which a country's alias is tried
        found = find_town(alias if town else f"{largest}, {alias}")
        assert found.sure
        assert found.name.startswith(town or largest), alias


def largest_town(country):
    towns = gazetteer()
    own = [i for i, name in enumerate(towns.countries) if name == country]
    return towns.names[max(own, key=lambda i: towns.people[i])]


@pytest.mark.parametrize("text", ["Nowhere at all", "Paris, Japan", ""])
def test_what_is_no_town_is_refused(text):
    with pytest.raises(PlaceError):
        find_town(text)


def test_a_place_is_in_its_town_and_in_the_city_that_people_know_nearby():
    palace = (48.8049, 2.1204)
    assert whereabouts(palace) == "Versailles, France, near Paris, France"
    for name in ("Versailles", "Paris"):
        assert is_in(find_town(name), palace)
    assert not is_in(find_town("Lyon"), palace)
