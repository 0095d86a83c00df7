"""You against the model: guess a photo's place on a map that needs no network."""

import uuid
from collections.abc import Sequence
from typing import Any, cast

from geonb.distances import Place
from geonb.errors import GeonbError, PlaceError, needing
from geonb.maps import atlas
from geonb.maps.plane import great_circle
from geonb.model import Model, load_model
from geonb.photos.photo import Photo, PhotoSource, open_photo
from geonb.predictions import predict
from geonb.shown.pictures import asset, thumbnail
from geonb_lab.evaluation.guesses import most_frequent, one_place
from geonb_lab.game.rounds import PLAYERS, Round, Rounds, find_place
from geonb_lab.game.towns import FoundTown, is_in

with needing("the guessing game", "anywidget", "picker"):
    import anywidget
    import traitlets


_ALT = "World map. Click to place your guess, or move it with the arrow keys; plus and minus zoom."
_SIDE = 900
"""Pixels; the longer side of the photo that the browser gets."""


class GuessMap(anywidget.AnyWidget):
    """A photo beside a map: click your guess, and the model's answer and the truth appear.

    Click on the land map, or type a town or "latitude, longitude"; zoom with the wheel or + and -.
    All three guesses, yours, the model's and the constant one, get 5000 exp(-km / 1492.7) points;
    naming the city is a hit.
    `guess` does the same from a cell, where no live map is. Nothing is stored in the notebook, and
    nothing is sent anywhere.

    Attributes:
        photos: The photos to guess.
        rounds: Those that were played, with kilometres and points.
    """

    _esm = atlas.SCRIPT + asset("game.js", "geonb_lab")
    _css = atlas.STYLE + asset("game.css", "geonb_lab")
    _uid = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, photo: PhotoSource | Sequence[PhotoSource], model: Model | None = None
    ) -> None:
        """Take one photo or several; each needs its true place in its file. Raises `PlaceError`."""
        several = isinstance(photo, Sequence) and not isinstance(photo, str | bytes)
        sources = cast("Sequence[PhotoSource]", photo if several else [photo])
        self.photos: tuple[Photo, ...] = tuple(map(open_photo, sources))
        self.rounds = Rounds()
        for each in self.photos:
            if each.sure_place is None:
                raise PlaceError(f"{each.name}: no place in its file, or none with its hemisphere")
        self._model = load_model() if model is None else model
        self._constant = most_frequent(self._model.cells.places)
        self._shown = 0
        super().__init__(_uid=uuid.uuid4().hex)
        self.on_msg(self.receive)

    def guess(self, place: str | Place) -> Rounds:
        """Guess the place of the current photo, and go on to the next one.

        ``place`` is a town, such as "Rio" or "London, UK", or (latitude, longitude). Naming the
        city that a photo was taken in is a hit. Gives the rounds so far. Raises `PlaceError` for
        a place that isn't known, which says what may be meant, or if all photos were guessed.
        """
        found = find_place(place) if isinstance(place, str) else None
        if found and not found.sure:
            raise PlaceError(f"no town {place!r}; if you mean {found.name}, write that")
        self._play(found.place if found else one_place(place), found)
        self._shown = min(len(self.rounds.played), len(self.photos) - 1)
        return self.rounds

    def __repr__(self) -> str:
        return f"<GuessMap: {len(self.rounds.played)} of {len(self.photos)} photos guessed>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        # A question from the browser waits while other cells run; so the photo goes unasked.
        self._start()
        return super()._repr_mimebundle_(**kwargs)

    def _start(self) -> None:
        self.send({"type": "map", "svg": atlas.world(_ALT)})
        self._show()

    def _play(self, yours: Place, town: FoundTown | None) -> None:
        number = len(self.rounds.played)
        if number == len(self.photos):
            raise PlaceError("all photos were guessed; play again with other photos")
        photo = self.photos[number]
        guess, truth = predict(self._model, photo, top=1)[0].place, photo.place
        assert truth, "checked at the start"
        named = bool(town and town.name and is_in(town, truth))
        round_ = Round(photo.name, truth, (yours, guess, self._constant), named)
        self.rounds = Rounds((*self.rounds.played, round_))

    def receive(self, _: Any, message: dict[str, Any], __: list[Any]) -> None:
        """Do what the browser asks."""
        try:
            match message.get("type"):
                case "ready":
                    self._start()
                case "town":
                    found = find_place(str(message["text"]))
                    self.send({"type": "place", "place": found.place, "name": found.name})
                case "guess" if len(self.rounds.played) == self._shown:
                    name = str(message.get("name") or "")
                    town = find_place(name) if name else None
                    self._play(one_place(tuple(message["place"])), town)
                    self.send(self._result())
                case "next" if self._shown + 1 < len(self.photos):
                    self._shown = min(len(self.rounds.played), self._shown + 1)
                    self._show()
        except GeonbError as error:
            self.send({"type": "refused", "text": str(error)})

    def _show(self) -> None:
        """Send the current photo, and its result if it was guessed already."""
        photo = self.photos[self._shown]
        about = {"type": "photo", "number": self._shown + 1, "of": len(self.photos)}
        small = thumbnail(photo, _SIDE)  # without its EXIF, so without its place
        self.send({**about, "alt": photo.alt or "The photo to guess"}, [small])
        if len(self.rounds.played) > self._shown:
            self.send(self._result())

    def _result(self) -> dict[str, Any]:
        last = self.rounds.played[self._shown]
        lines = [great_circle(last.truth, place) for place in last.guesses[:2]]
        return {
            "type": "result",
            "players": [
                {"name": name, "place": place, "km": km}
                for name, place, km in zip(PLAYERS, last.guesses, last.km, strict=True)
            ],
            "truth": last.truth,
            "ways": [atlas.Ground().path([line], 2, closed=False) for line in lines],
            "table": self.rounds._repr_html_(),
            "more": self._shown + 1 < len(self.photos),
        }


def play(photos: Sequence[PhotoSource], model: Model | None = None) -> GuessMap:
    """Play a round of up to five photos against a model (by default the one of `load_model`)."""
    return GuessMap(list(photos)[:5], model)
