"""What the Image tab shows and hands out, computed from what its controls hold; the layout is in image_tab.py."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from fer_models.analyzer import Prediction
from fer_models.faces import PhotoError
from fer_models.trust import Trust, measure_trust
from space.face_results import FaceResult, face_result
from space.image.downloads import picture_png
from space.image.html import START, agreement_html, column_html, face_label, notice_html, photo_html, start_html
from space.image.link import Choices, example_of, to_query
from space.image.recent import MAX_ITEMS, Recent, RecentPhotos, SeenPhoto

NO_FACE = "No face found. Try a photo in which a face is larger, sharper or turned to you."
NO_MODEL = "No model is chosen; tick at least one."

Source = str | bytes | PhotoError | None  # a file, its content, what is wrong with it, or nothing yet


@dataclass(frozen=True)
class Chosen:
    """Which face of which photo; of any other photo it is the first one."""

    digest: str = ""
    face: int = 0

    def within(self, photo: SeenPhoto) -> int:
        """The chosen face of this photo, from 0."""
        return self.face if photo.digest == self.digest and self.face < len(photo.faces) else 0


@dataclass(frozen=True)
class Settings:
    """models: names of those chosen. expression: to explain; `None` is each model's own answer."""

    models: Sequence[str]
    method: str = "gradcam"
    expression: str | None = None


@dataclass(frozen=True)
class View:
    """What the page shows, as HTML: the photo, where the models agree, and a card per model (others are hidden).
    query: what of it a link holds."""

    stage: str
    agreement: str | None
    cards: dict[str, str]
    query: dict[str, str]


class ImageAnswers:
    """Everything behind the Image tab and the API. Faces count from 0, from left to right."""

    def __init__(self, recent: RecentPhotos):
        self.recent = recent
        self._trust = Recent(MAX_ITEMS, recent.max_age)

    @property
    def models(self) -> list[str]:
        """Names of all models, in the order of their columns."""
        return list(self.recent.analyzer.checkpoints)

    @property
    def expressions(self) -> list[str]:
        """Every expression that some model knows."""
        return self.recent.analyzer.expressions

    def photo(self, source: Source) -> SeenPhoto:
        """Read an upload and find its faces.

        Raises:
            PhotoError: it cannot be used.
        """
        if source is None:
            raise PhotoError(START)
        if isinstance(source, PhotoError):
            raise source
        return self.recent.photo(source)

    def key(self, photo: SeenPhoto, face: int, settings: Settings) -> str:
        """What tells the maps of one face from those of another, or of other settings."""
        return f"{photo.digest[:16]} {face} {settings.method} {settings.expression}"

    def answers(self, photo: SeenPhoto, models: Sequence[str]) -> list[list[Prediction]]:
        """For each face, the chosen models' answers without maps."""
        columns = [self.recent.answers(photo, name)[0] for name in self.models if name in models]
        return [list(answers) for answers in zip(*columns, strict=True)] or [[] for _ in photo.faces]

    def explained(self, photo: SeenPhoto, face: int, settings: Settings) -> list[Prediction]:
        """The chosen models' answers for one face, with maps."""
        return [
            self.recent.explained(photo, face, name, settings.method, settings.expression)
            for name in self.models
            if name in settings.models
        ]

    def trust(self, photo: SeenPhoto, face: int, model: str, settings: Settings) -> Trust:
        """How far one model's maps of a face can be trusted."""
        method, expression = settings.method, settings.expression
        prediction = self.recent.explained(photo, face, model, method, expression)
        return self._trust.get(
            (photo.digest, face, model, method, expression),
            lambda: measure_trust(self.recent.analyzer.checkpoints[model], prediction, method),
        )

    def milliseconds(self, photo: SeenPhoto, models: Sequence[str]) -> dict[str, float]:
        """How long finding the faces and each model's answers took, for the whole photo."""
        taken = {name: self.recent.answers(photo, name)[1] for name in self.models if name in models}
        return {"finding faces": photo.milliseconds, **taken}

    def results(self, photo: SeenPhoto, models: Sequence[str]) -> list[FaceResult]:
        """Every face's answers as plain data."""
        rows = zip(photo.faces, self.answers(photo, models), strict=True)
        return [face_result(number, face, answers) for number, (face, answers) in enumerate(rows, start=1)]

    def picture(self, photo: SeenPhoto, face: int, settings: Settings, opacity: float, colormap: str) -> bytes:
        """The page as a PNG."""
        scale = photo.picture.width / photo.size[0]
        boxes = [tuple(scale * side for side in found.box) for found in photo.faces]
        return picture_png(photo.picture, boxes, face + 1, self.explained(photo, face, settings), opacity, colormap)

    def view(self, source: Source, chosen: Chosen, settings: Settings) -> View:
        """The whole page; what is wrong with a photo is said on it."""
        if source is None:
            return View(start_html(), None, {}, {})
        try:
            photo = self.photo(source)
        except PhotoError as error:
            return _notice(str(error))
        if not photo.faces:
            return _notice(NO_FACE, photo.picture)
        if not settings.models:
            return _notice(NO_MODEL, photo.picture)
        face = chosen.within(photo)
        explained = self.explained(photo, face, settings)
        labels = [face_label(answers) for answers in self.answers(photo, settings.models)]
        stages = self.milliseconds(photo, settings.models).items()
        choices = Choices(
            models=[answer.model for answer in explained],
            example=example_of(photo.digest),
            face=face,
            method=settings.method,
            expression=settings.expression,
        )
        return View(
            stage=photo_html(photo, labels, face),
            agreement=agreement_html(
                face + 1, len(photo.faces), explained, ", ".join(f"{name} {value:.0f} ms" for name, value in stages)
            ),
            cards={
                answer.model: column_html(answer, settings.expression, self.key(photo, face, settings))
                for answer in explained
            },
            query=to_query(choices, self.models),
        )


def _notice(text: str, picture: Image.Image | None = None) -> View:
    return View(notice_html(text, picture), None, {}, {})


__all__ = ["NO_FACE", "Chosen", "ImageAnswers", "Settings", "Source", "View"]
