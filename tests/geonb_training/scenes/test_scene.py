"""Scenes: the same from the same seed, true to their city, with their clues in the picture."""

import math
from collections import Counter

import numpy as np
import pytest

from geonb.distances import distance
from geonb.errors import PhotoError, TrainingError
from geonb.photos.examples import example_photo
from geonb.photos.photo import open_photo
from geonb_training import scenes
from geonb_training.scenes.buildings import HOUSES
from geonb_training.scenes.cities import cities
from geonb_training.scenes.photographers import photographers
from geonb_training.scenes.sets import EXAMPLES, example_shot
from geonb_training.scenes.shapes import landmarks, scripts


@pytest.fixture(scope="module")
def some():
    return [scenes.draw(scenes.shoot(number)) for number in range(60)]


def test_the_same_shot_gives_the_same_pixels_whatever_came_before():
    first = scenes.draw(scenes.shoot(7))
    scenes.draw(scenes.shoot(3))
    again = scenes.draw(scenes.shoot(7))
    assert first.image.tobytes() == again.image.tobytes()
    assert first.place == again.place
    assert first.image.tobytes() != scenes.draw(scenes.shoot(7, seed=1)).image.tobytes()


def test_a_scene_is_a_small_colour_picture(some):
    assert {scene.image.size for scene in some} == {(320, 240)}
    assert {scene.image.mode for scene in some} == {"RGB"}


def test_clues_lie_in_the_picture(some):
    for scene in some:
        for left, top, right, bottom in scene.clues.values():
            assert 0 <= left < right <= 320
            assert 0 <= top < bottom <= 240


def test_every_kind_of_clue_occurs_and_none_is_certain_to_tell_the_city(some):
    seen = Counter(clue for scene in some for clue in scene.clues)
    assert {"sky", "sun", "landmark", "car ahead", "oncoming car", "plate", "taxi"} <= set(seen)
    assert {"warning sign", "shop sign", "centre line", "tree", "shadow"} <= set(seen)
    assert all(seen[clue] < len(some) for clue in ("landmark", "plate", "shop sign", "taxi"))


def test_traffic_keeps_to_the_citys_side(some):
    for scene in some:
        for clue, sides in (("car ahead", ("left", "right")), ("oncoming car", ("right", "left"))):
            if clue in scene.clues:
                left, _, right, _ = scene.clues[clue]
                shown = sides[(left + right) / 2 > 160]
                assert shown == scene.city.drives


def test_the_sun_stands_in_the_south_of_the_north_and_higher_towards_the_equator():
    by_name = {city.name: city for city in cities()}
    assert by_name["London"].sun_side == "right"
    assert by_name["Sydney"].sun_side == "left"
    assert by_name["Singapore"].sun_height > by_name["Rome"].sun_height
    assert by_name["Reykjavik"].sun_height == pytest.approx(90 - 64.1466)


def test_places_are_where_people_take_photos():
    shots = [scenes.shoot(number) for number in range(2000)]
    at_spot = [distance(s.place, s.city.spot_place) for s in shots if s.setting == "spot"]
    near = [distance(s.place, s.city.place) for s in shots if s.setting != "spot"]
    assert np.mean(np.array(at_spot) < 1) > 0.9
    assert 2 < np.median(near) < 15
    assert max(near) < 120


def test_photographers_are_in_one_set_and_every_city_is_in_training():
    roles = {p.number: p.role for p in photographers()}
    for role in ("train", "validation", "test"):
        shot_by = {scenes.shoot(number, role).photographer.number for number in range(500)}
        assert {roles[number] for number in shot_by} == {role}
    learnt = {city.name for p in photographers("train") for city in p.homes}
    assert learnt == {city.name for city in cities()}


def test_photographers_do_not_share_a_camera():
    looks = {(p.tint, p.blur, p.horizon, p.quality) for p in photographers()}
    assert len(looks) == len(photographers())


def test_the_table_of_cities_is_whole():
    names = [city.name for city in cities()]
    assert len(set(names)) == len(names) >= 80
    for city in cities():
        assert city.drives in {"left", "right"}
        assert city.centre_line in {"white", "yellow"}
        assert city.script in scripts()
        assert city.building in HOUSES
        assert city.spot_shape in landmarks()
        assert city.plate_shape in {"long", "short"}
        assert distance(city.place, city.spot_place) < 20


def test_neighbours_by_law_agree():
    sides = {}
    for city in cities():
        if city.name != "Hong Kong":  # keeps left, unlike the rest of its country
            assert sides.setdefault(city.country, city.drives) == city.drives


def test_save_writes_a_jpeg_with_its_place(tmp_path, some):
    for scene in some[:12]:
        path = tmp_path / "scene.jpg"
        scene.save(path)
        assert distance(open_photo(path).place, scene.place) < 0.001
        assert open_photo(path).size == (320, 240)


def test_save_says_what_it_could_not_write(tmp_path, some):
    (tmp_path / "file").write_text("")
    with pytest.raises(PhotoError, match="cannot write the scene"):
        some[0].save(tmp_path / "file" / "scene.jpg")


def test_held_out_scenes_are_of_photographers_nobody_trained_on():
    assert {scene.photographer.role for scene in scenes.held_out(20)} == {"test"}


@pytest.mark.timeout(30)
@pytest.mark.parametrize(("count", "people"), [(5, 0), (5, -1), (-1, 3)])
def test_scenes_by_nobody_are_refused(tmp_path, count, people):
    with pytest.raises(TrainingError, match=f"by 1 photographer or more; got {count} by {people}"):
        scenes.write_scenes(tmp_path, count, people)


def test_a_set_on_the_disk_is_the_drawn_scenes_to_the_last_bit(tmp_path):
    written = scenes.draw_set(tmp_path, 3, "validation", seed=4)
    for number, (path, place) in enumerate(zip(written.photos, written.truth, strict=True)):
        scene = scenes.draw(scenes.shoot(number, "validation", 4))
        assert open_photo(path).image().tobytes() == scene.image.tobytes()
        assert tuple(place) == scene.place


def test_the_contact_sheet_holds_all_and_says_how_they_differ(some):
    five = some[:5]
    sheet = scenes.contact_sheet(five, columns=3)
    picture = sheet.photo.image()
    assert picture.size == (960, 480)
    assert picture.crop((320, 240, 640, 480)).tobytes() == five[4].image.tobytes()
    count, common, *own = sheet.alt.split("; ")
    assert count == "5 drawn street scenes, 3 in a row"
    assert "sky" in common
    with_taxi = ["taxi" in scene.clues for scene in five]
    assert set(with_taxi) == {True, False}
    assert ["taxi" in words for words in own] == with_taxi
    assert not any(scene.city.name in sheet.alt for scene in five)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_shipped_examples_are_drawn_by_this_code(name):
    shipped, scene = example_photo(name), scenes.draw(example_shot(name))
    assert scene.city.name.lower() == name
    assert scene.photographer.role == "test"
    assert distance(shipped.place, scene.place) < 0.001
    # Not byte for byte: JPEG encoders differ between machines.
    difference = np.asarray(shipped.image(), float) - np.asarray(scene.image, float)
    assert math.sqrt(np.mean(difference**2)) < 8
    assert "drawn street" in shipped.alt
    assert scene.city.name not in shipped.alt, "the words don't tell the answer"


def test_another_example_is_refused_with_the_names_that_there_are():
    with pytest.raises(PhotoError, match=r"no example photo 'Lima'; choose tokyo, lima, nairobi"):
        example_photo("Lima")


def test_a_scene_shows_itself_without_telling_its_city(some):
    assert "clues: sky" in repr(some[0]) or "clues: sun" in repr(some[0])
    html = some[0]._repr_html_()
    assert html.startswith('<img alt="A drawn street scene: ')
    assert some[0].city.name not in repr(some[0]) + html
