"""What the Photo tab and the API compute: answers, maps, trust and pictures for the faces of a photo."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fer_models.analyzer import Analyzer, Prediction
from fer_models.methods import method_title
from fer_models.paths import EXAMPLES
from fer_models.photo import PhotoError
from fer_models.results.agreement import Agreement
from fer_models.schema import FaceResult, Origin, face_result, mirror_setting, origin
from fer_models.side_by_side import side_by_side
from fer_models.trust import Trust, measure_trust
from space.image.check import Check, map_check
from space.image.downloads import MapNote, picture_png
from space.image.recent import MAX_AGE, MAX_ITEMS, MAX_PHOTOS, Recent, SeenPhoto, file_digest
from space.image.regions import landmarks, looked_at
from space.jobs import stop_if_late

START = "Choose a photo, take or paste one, or look at an example."
NO_FACE = "No face found. Try a photo in which a face is larger, sharper or turned to you."
NO_MODEL = "No model is chosen; tick at least one."

SHOWN_SIDE = 1280  # longest side of the photo on the page, in pixels

NO_RANDOM_WEIGHTS = "What this model's maps are worth is not measured here: its export computes with 8 bits."

Source = str | bytes | PhotoError | None  # a file, its content, what is wrong with it, or nothing yet


BEST = "best"  # for each model the method whose maps were measured to be worth most


class NotHereError(PhotoError):
    """An export cannot do what was asked for; told as what is wrong with a photo is."""


@dataclass(frozen=True)
class Settings:
    """models: names of those chosen. method: a key of `METHODS`, or `BEST`. expression: to explain; `None` is each
    model's own answer. balanced: all expressions count as equally likely, for the models that can. mirror: each face is
    looked at together with its mirror image."""

    models: Sequence[str]
    method: str = "gradcam"
    expression: str | None = None
    balanced: bool = False
    mirror: bool = False


class ImageAnswers:
    """Everything behind the Photo tab and the API: an analyzer, whose answers are remembered for a while. Faces count
    from 0, in reading order.

    Args:
        agreement: how often the analyzer's models are right when they agree, if that was measured.
        worth: for each model what was found about its maps, in words, by the map's name.
        best: what `BEST` is for each model; Grad-CAM for those that are not in it.
        session: tells whose photo is asked about. What is remembered of a photo is its visitor's alone, or the time
            of an answer would tell whether somebody else had sent the same photo; the examples are everybody's.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        max_age: float = MAX_AGE,
        agreement: Agreement | None = None,
        best: Mapping[str, str] | None = None,
        session: Callable[[], str] = str,
        worth: Mapping[str, Mapping[str, str]] | None = None,
    ):
        self.analyzer = analyzer
        self.agreement = agreement
        self.best = dict(best or {})
        self.worth = dict(worth or {})
        self.session = session
        self._photos = Recent(MAX_PHOTOS, max_age)
        self._answers = Recent(MAX_PHOTOS * len(analyzer.checkpoints), max_age)
        self._explained = Recent(MAX_ITEMS, max_age)
        self._trust = Recent(MAX_ITEMS, max_age)

    @property
    def models(self) -> list[str]:
        """Names of all models, in the order of their columns."""
        return list(self.analyzer.checkpoints)

    @property
    def expressions(self) -> list[str]:
        """Every expression that some model knows."""
        return self.analyzer.expressions

    def method(self, model: str, settings: Settings) -> str:
        """The key of `METHODS` by which this model's maps are made."""
        if settings.method != BEST:
            return settings.method
        best = self.best.get(model, "gradcam")
        return best if best in self.analyzer.checkpoints[model].methods else "gradcam"  # as of an export with 8 bits

    def photo(self, source: Source) -> SeenPhoto:
        """Read an upload and find its faces.

        Raises:
            PhotoError: it cannot be used.
        """
        if source is None:
            raise PhotoError(START)
        if isinstance(source, PhotoError):
            raise source
        digest = file_digest(source)
        shared = isinstance(source, str) and Path(source).parent == EXAMPLES
        owner = "" if shared else self.session()

        def look() -> SeenPhoto:
            return SeenPhoto(digest, self.analyzer.find(source).shrunk(SHOWN_SIDE, self.analyzer.margins), owner)

        return self._photos.get((owner, digest), look)

    def answers(self, photo: SeenPhoto, settings: Settings) -> list[list[Prediction]]:
        """For each face, the chosen models' answers without maps."""
        chosen = [name for name in self.models if name in settings.models]
        columns = [own for own, _ in side_by_side([partial(self._answer, photo, name, settings) for name in chosen])]
        return [list(answers) for answers in zip(*columns, strict=True)] or [[] for _ in photo.found.faces]

    def explained(self, photo: SeenPhoto, face: int, settings: Settings) -> list[Prediction]:
        """The chosen models' answers for one face, with maps."""
        chosen = [name for name in self.models if name in settings.models]
        return side_by_side([partial(self._explain, photo, face, name, settings) for name in chosen])

    def trust(self, photo: SeenPhoto, face: int, model: str, settings: Settings) -> Trust:
        """How far one model's maps of a face can be trusted."""
        prediction, method = self._explain(photo, face, model, settings), self.method(model, settings)
        return self._trust.get(
            self._key(photo, face, model, settings), lambda: self._measured(model, prediction, method)
        )

    def shown_trust(
        self, photo: SeenPhoto, face: int, model: str, settings: Settings, before_pass: Callable[[], None]
    ) -> Trust:
        """The same of the map alone that the page lays on the face, which takes less long; `before_pass` is called
        between the passes of the network."""
        prediction, method = self._explain(photo, face, model, settings), self.method(model, settings)
        only = [prediction.maps[0].name]
        return self._trust.get(
            (*self._key(photo, face, model, settings), "shown"),
            lambda: self._measured(model, prediction, method, only, before_pass),
        )

    def _measured(
        self,
        model: str,
        prediction: Prediction,
        method: str,
        only: Sequence[str] | None = None,
        before_pass: Callable[[], None] = lambda: None,
    ) -> Trust:
        checkpoint = self.analyzer.checkpoints[model]
        if not checkpoint.has_random_weights:
            raise NotHereError(NO_RANDOM_WEIGHTS)

        def pause() -> None:
            stop_if_late()  # torch's networks look at the time themselves, an export does not
            before_pass()

        return measure_trust(checkpoint, prediction, method, only=only, before_pass=pause)

    def known_check(self, photo: SeenPhoto, face: int, model: str, settings: Settings) -> Check | None:
        """The verdict on that map if it was measured already."""
        found = self._trust.peek((*self._key(photo, face, model, settings), "shown"))
        return None if found is None else map_check(found.maps[0] if found.maps else None)

    def notes(self, photo: SeenPhoto, face: int, settings: Settings) -> dict[str, MapNote]:
        """For each chosen model, what the page says about its map of a face."""
        notes = {}
        for answer in self.explained(photo, face, settings):
            margin = self.analyzer.checkpoints[answer.model].face_margin
            place = looked_at(answer.maps[0], landmarks(photo.found.faces[face], margin))
            notes[answer.model] = MapNote(place, self.known_check(photo, face, answer.model, settings))
        return notes

    def milliseconds(self, photo: SeenPhoto, settings: Settings) -> dict[str, float]:
        """How long finding the faces and each model's answers took, for the whole photo."""
        taken = {name: self._answer(photo, name, settings)[1] for name in self.models if name in settings.models}
        return {"finding faces": photo.found.milliseconds, **taken}

    def _balances(self, model: str, balanced: bool) -> bool:
        return balanced and self.analyzer.checkpoints[model].can_balance

    def _key(self, photo: SeenPhoto, face: int, model: str, settings: Settings) -> tuple:
        """What tells one map from every other."""
        asked = settings.expression, settings.balanced, settings.mirror
        return photo.key, face, model, self.method(model, settings), *asked

    def _answer(self, photo: SeenPhoto, model: str, settings: Settings) -> tuple[list[Prediction], float]:
        """A model's answer for each face, and the milliseconds that it took."""
        balanced, mirror = self._balances(model, settings.balanced), settings.mirror

        def answer() -> tuple[list[Prediction], float]:
            start = time.perf_counter()
            answers = self.analyzer.answer(photo.found, [model], method=None, balanced=balanced, mirror=mirror)
            return [one[model] for one in answers], 1000 * (time.perf_counter() - start)

        return self._answers.get((photo.key, model, balanced, mirror), answer)

    def _explain(self, photo: SeenPhoto, face: int, model: str, settings: Settings) -> Prediction:
        method, balanced = self.method(model, settings), self._balances(model, settings.balanced)
        if method not in self.analyzer.checkpoints[model].methods:
            raise NotHereError(f"{model} cannot explain with {method_title(method)} here; choose another method.")

        def explain() -> Prediction:
            found = self.analyzer.answer(
                photo.found.only(face),
                [model],
                method,
                settings.expression,
                balanced=balanced,
                mirror=settings.mirror,
            )
            return found[0][model]

        return self._explained.get(self._key(photo, face, model, settings), explain)

    def results(self, photo: SeenPhoto, settings: Settings) -> list[FaceResult]:
        """Every face's answers as plain data."""
        rows = zip(photo.found.faces, self.answers(photo, settings), strict=True)
        return [face_result(number, face, answers) for number, (face, answers) in enumerate(rows, start=1)]

    def origin(self, settings: Settings, **others: object) -> Origin:
        """Where the answers of these settings come from."""
        chosen = [self.analyzer.checkpoints[name] for name in self.models if name in settings.models]
        return origin(chosen, **others, balanced=settings.balanced, **mirror_setting(settings.mirror))

    def settings_origin(self, settings: Settings) -> Origin:
        """Where the maps of these settings come from."""
        methods = {model: self.method(model, settings) for model in settings.models}
        alike = set(methods.values())
        told = alike.pop() if len(alike) == 1 else ", ".join(f"{model}: {method}" for model, method in methods.items())
        return self.origin(settings, method=told, expression=settings.expression or "its own")

    def picture(self, photo: SeenPhoto, face: int, settings: Settings, opacity: float, colormap: str) -> bytes:
        """The page as a PNG."""
        found = photo.found
        scale = found.photo.width / found.size[0]
        boxes = [tuple(scale * side for side in one.box) for one in found.faces]
        explained = self.explained(photo, face, settings)
        return picture_png(
            found.photo,
            boxes,
            face + 1,
            explained,
            opacity,
            colormap,
            self.settings_origin(settings),
            self.notes(photo, face, settings),
        )


__all__ = ["BEST", "NO_FACE", "NO_MODEL", "START", "ImageAnswers", "Settings", "Source"]
