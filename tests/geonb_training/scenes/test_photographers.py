"""The people behind the cameras."""

from geonb_training import scenes
from geonb_training.scenes.cities import cities
from geonb_training.scenes.photographers import photographers


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
