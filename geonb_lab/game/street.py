"""The street laboratory: turn a knob, say what the model will answer, and see."""

from typing import Any

from geonb.errors import GeonbError, needing
from geonb.maps import atlas
from geonb.model import Model
from geonb.photos.photo import open_photo
from geonb.predictions import Predictions, predict
from geonb.shown.pictures import asset, thumbnail
from geonb_lab.game.flips import city_of, in_words

with needing("the street laboratory", "anywidget", "picker"):
    import anywidget
    import traitlets


_ALT = "World map: the five guesses are pins, the first of them the largest."
_SIDE = 640
"""Pixels; the longer side of the picture that the browser gets, at most."""


class StreetLab(anywidget.AnyWidget):
    """A street with knobs, beside a model's five guesses.

    Turn a knob, say whether the first guess will stay, and see. `turn` does the same from a cell,
    where no live widget is; `show_flips` shows one change of each knob at once.

    Attributes:
        street: The street as it is now.
        predictions: What the model says of it.
    """

    _esm = atlas.SCRIPT + asset("street.js", "geonb_lab")
    _css = atlas.STYLE + asset("street.css", "geonb_lab")
    _world = traitlets.Unicode().tag(sync=True)
    _knobs = traitlets.List().tag(sync=True)
    _seen = traitlets.Dict().tag(sync=True)
    _picture = traitlets.Bytes().tag(sync=True)

    def __init__(self, model: Model, street: Any) -> None:
        """Take a model and a street, such as `geonb_training.scenes.example_street` gives."""
        self._model, self._first = model, street
        knobs = [[knob, list(choices)] for knob, choices in street.knobs.items()]
        super().__init__(_world=atlas.world(_ALT), _knobs=knobs)
        self._show(street)
        self.on_msg(self.receive)

    def turn(self, knob: str, choice: str) -> Predictions:
        """Turn one knob; gives what the model says then.

        Raises `GeonbError` for a knob or a choice that isn't there.
        """
        self._show(self.street.turn(knob, choice))
        return self.predictions

    def __repr__(self) -> str:
        first = self.predictions[0]
        return f"<StreetLab: {first.town} {first.probability:.0%}>"

    def _show(self, street: Any, asked: int = 0) -> None:
        """Draw the street, ask the model, and tell the browser both at once.

        ``asked`` is the browser's number of the question; 0 if the question came from a cell.
        """
        scene = street.draw()
        self.street, self.predictions = street, predict(self._model, scene.image)
        answer = [
            {"town": str(guess.town), "city": city_of(guess), "probability": guess.probability,
             "place": guess.place}
            for guess in self.predictions
        ]  # fmt: skip
        with self.hold_sync():
            self._picture = thumbnail(open_photo(scene.image), _SIDE)
            self._seen = {
                "asked": asked,
                "alt": in_words(scene),
                "answer": answer,
                "settings": dict(street.settings),
            }

    def receive(self, _: Any, message: dict[str, Any], __: list[Any]) -> None:
        """Do what the browser asks."""
        asked = int(message.get("asked", 0))
        try:
            match message.get("type"):
                case "turn":
                    knob, choice = str(message.get("knob")), str(message.get("choice"))
                    self._show(self.street.turn(knob, choice), asked)
                case "reset":
                    self._show(self._first, asked)
        except GeonbError as error:
            self.send({"type": "refused", "text": str(error)})
