"""A wish -> everything that the Photo tab shows, as HTML; what is wrong with a photo is said in one place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fer_models.analyzer import Prediction
from fer_models.looks import Look, looks
from fer_models.photo import PhotoError
from space.image.agreement import agreement_words
from space.image.answers import NO_FACE, NO_MODEL, START, ImageAnswers, Settings, Source
from space.image.hiding import hidden_answers
from space.image.link import EXAMPLES, Wish, example_of, to_query
from space.image.panel import message_panel, panel_html
from space.image.recent import SeenPhoto
from space.image.regions import landmarks, looked_at
from space.image.sections import (
    compare_html,
    details_html,
    download_html,
    inside_html,
    sections_html,
    settings_html,
)
from space.image.stage import label, overlay_html, picture_html, plain_overlay, strip_html
from space.image.words import verdict
from space.page.html import data_url

MOST_TOLD = 3  # faces of one photo whose answers a row of the table has room for


@dataclass(frozen=True)
class View:
    """
    picture, overlay, strip, panel, sections: parts of the page, as HTML.
    state: what the browser has to know: what is shown, what of it stands in the address, whose maps these are.
    """

    picture: str
    overlay: str
    strip: str
    panel: str
    sections: str
    state: dict


def key_of(photo: SeenPhoto, face: int, wish: Wish) -> str:
    """What tells the maps of one face from those of another, or of other settings."""
    return f"{photo.digest[:16]} {face} {wish.method} {wish.expression} {wish.balanced} {wish.mirror}"


def face_of(photo: SeenPhoto, wish: Wish) -> int:
    """The chosen face of a photo; the first where there is no such face."""
    return wish.face if wish.face < len(photo.found.faces) else 0


def settings_of(wish: Wish) -> Settings:
    """What a wish asks of the models."""
    return Settings(wish.models, wish.method, wish.expression, wish.balanced, wish.mirror)


class PhotoPage:
    """Makes the views. `opening` is the example that the page opens with."""

    def __init__(self, answers: ImageAnswers, opening: str | None = None):
        self.answers = answers
        self.opening = opening
        self.looks: dict[str, Look] = looks(answers.models)

    def view(self, wish: Wish, own: Source = None) -> View:
        """The page for a wish; `own` is the visitor's photo, which counts where the wish names no example."""
        source = str(EXAMPLES[wish.example]) if wish.example else own
        try:
            photo = self.answers.photo(source)
        except PhotoError as error:
            return self._message(START if source is None else str(error), None, wish)
        wish = replace(wish, example=example_of(photo.digest) or wish.example, face=face_of(photo, wish))
        if not photo.found.faces:
            return self._message(NO_FACE, photo, wish)
        if not wish.models:
            return self._message(NO_MODEL, photo, wish)
        wish = replace(wish, shown=wish.shown if wish.shown in wish.models else wish.models[0])
        return self._view(wish, photo)

    def row(self, own: Source, wish: Wish) -> dict:
        """One photo of many: a small picture, and what the models say about its faces, or what is wrong with it."""
        try:
            photo = self.answers.photo(own)
        except PhotoError as error:
            return {"picture": "", "faces": 0, "words": str(error)}
        small = photo.found.photo.copy()
        small.thumbnail((160, 120))
        told = self.answers.answers(photo, settings_of(wish))
        words = "; ".join(verdict(answers, self.looks) for answers in told[:MOST_TOLD] if answers) or NO_FACE
        more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        return {"picture": data_url(small, 75), "faces": len(photo.found.faces), "words": words + more}

    def _view(self, wish: Wish, photo: SeenPhoto) -> View:
        explained = self.answers.explained(photo, wish.face, settings_of(wish))
        labels = [label(answers) for answers in self.answers.answers(photo, settings_of(wish))]
        places = self._places(photo, wish.face, explained)
        hidden = None
        if wish.hide is not None:
            hidden = hidden_answers(self.answers.analyzer, photo, wish.face, explained, wish.hide)
        key = key_of(photo, wish.face, wish)
        margins = {answer.model: self._margin(answer.model) for answer in explained}
        crops = photo.found.crops(self.answers.analyzer.margins[0])
        # it was measured on plain answers
        agreed = "" if wish.balanced or wish.mirror else agreement_words(explained, self.answers.agreement)
        return View(
            picture=picture_html(photo),
            overlay=overlay_html(
                photo, labels, wish.face, explained, margins, wish.shown, hidden.corners if hidden else {}
            ),
            strip=strip_html(photo, labels, wish.face, crops),
            panel=panel_html(
                (wish.face + 1, len(photo.found.faces)),
                explained,
                self.looks,
                places,
                wish.expression,
                hidden,
                [*photo.found.notes, *filter(None, [agreed])],
                wish.balanced,
            ),
            sections=self._sections(wish, explained, places, key, photo),
            state=self._state(wish, photo, key),
        )

    def _sections(
        self, wish: Wish, explained: Sequence[Prediction], places: dict[str, str], key: str, photo: SeenPhoto
    ) -> str:
        bodies = self._fixed()
        if "compare" in wish.opened:
            bodies["compare"] = compare_html(explained, self.looks, places, key, self.answers.worth)
        if "inside" in wish.opened:
            bodies["inside"] = inside_html(explained, self.looks, self.answers.worth)
        if "details" in wish.opened:
            timing = self.answers.milliseconds(photo, settings_of(wish))
            bodies["details"] = details_html(explained, self.looks, timing, wish.balanced)
        return sections_html(bodies, wish.opened)

    def _fixed(self) -> dict[str, str]:
        return {
            "settings": settings_html(self.answers.models, self.looks, self.answers.expressions),
            "download": download_html(),
        }

    def _places(self, photo: SeenPhoto, face: int, explained: Sequence[Prediction]) -> dict[str, str]:
        """Where each model's map is brightest, in words."""
        return {
            answer.model: looked_at(answer.maps[0], landmarks(photo.found.faces[face], self._margin(answer.model)))
            for answer in explained
        }

    def _margin(self, model: str) -> float:
        return self.answers.analyzer.checkpoints[model].face_margin

    def _message(self, text: str, photo: SeenPhoto | None, wish: Wish) -> View:
        return View(
            picture="" if photo is None else picture_html(photo),
            overlay="" if photo is None else plain_overlay(photo),
            strip="",
            panel=message_panel(text),
            sections=sections_html(self._fixed(), wish.opened),
            state=self._state(wish, photo, ""),
        )

    def _state(self, wish: Wish, photo: SeenPhoto | None, key: str) -> dict:
        return {
            "key": key,
            "example": wish.example,
            "face": wish.face + 1,
            "model": wish.shown,
            "models": wish.models,
            "method": wish.method,
            "expression": wish.expression or "",
            "balanced": "yes" if wish.balanced else "",
            "mirror": "yes" if wish.mirror else "",
            "photo_key": photo.digest[:16] if photo else "",
            "query": to_query(wish, self.answers.models, self.opening),
        }


def opening_example(answers: ImageAnswers) -> str:
    """The first example on which the models disagree, else the first."""
    for name, path in EXAMPLES.items():
        photo = answers.photo(str(path))
        told = answers.answers(photo, Settings(answers.models))
        if told and len({answer.expression for answer in told[0]}) > 1:
            return name
    return next(iter(EXAMPLES))


__all__ = ["PhotoPage", "View", "face_of", "key_of", "opening_example", "settings_of"]
