"""Scenes: the same from the same seed, true to their city, with their clues in the picture."""

from collections import Counter

import numpy as np
import pytest

from geonb.distances import distance
from geonb.errors import PhotoError
from geonb.photos.photo import open_photo
from geonb_training import scenes


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


def test_places_are_where_people_take_photos():
    shots = [scenes.shoot(number) for number in range(2000)]
    at_spot = [distance(s.place, s.city.spot_place) for s in shots if s.setting == "spot"]
    near = [distance(s.place, s.city.place) for s in shots if s.setting != "spot"]
    assert np.mean(np.array(at_spot) < 1) > 0.9
    assert 2 < np.median(near) < 15
    assert max(near) < 120


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


def test_a_scene_shows_itself_without_telling_its_city(some):
    assert "clues: sky" in repr(some[0]) or "clues: sun" in repr(some[0])
    html = some[0]._repr_html_()
    assert html.startswith('<img alt="A drawn street scene: ')
    assert some[0].city.name not in repr(some[0]) + html
