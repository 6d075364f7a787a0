"""Photo -> faces -> every model's answer and maps: the one path that the Space, the command line, the video and the
API share.

`Analyzer.find` makes the photo upright, finds its faces and cuts them out; `Analyzer.answer` asks the models.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fer_models.answering import Answering
from fer_models.conditions import conditions_of
from fer_models.detector import FaceDetector
from fer_models.engines import open_checkpoint
from fer_models.errors import CheckpointError
from fer_models.expressions import ExpressionError, canonical_expression
from fer_models.faces import Face, crop_face
from fer_models.mtcnn_networks import onnx_networks
from fer_models.paths import CHECKPOINTS
from fer_models.photo import EmptyPictureError, has_contrast, upright
from fer_models.places import checkpoint_name, find_checkpoints
from fer_models.prediction import FaceMap, Prediction
from fer_models.search import search_photo
from fer_models.side_by_side import side_by_side

if TYPE_CHECKING:
    import torch

FACES_PER_PASS = 16  # bounds the memory of a group photo; more at once are slower on a CPU

Photo = str | Path | bytes | Image.Image | np.ndarray


@dataclass(frozen=True, eq=False)
class FoundFaces:
    """The faces of a photo, cut out.

    photo: upright RGB; `None` once it was let go.
    size: width and height of the photo, in whose pixels the faces are.
    faces: in reading order; `None` for a picture that is a face itself.
    milliseconds: what finding them took.
    notes: what a person should know about the search, in sentences: that the photo was turned, or not wholly searched.
    conditions: for each face, what is against an answer (`conditions.conditions_of`).
    """

    photo: Image.Image | None
    size: tuple[int, int]
    faces: list[Face | None]
    milliseconds: float = 0.0
    notes: tuple[str, ...] = ()
    conditions: list[tuple[str, ...]] = field(default_factory=list)
    _crops: dict[float, list[Image.Image]] = field(default_factory=dict, repr=False)

    def crops(self, margin: float) -> list[Image.Image]:
        """A square picture of each face, as models with this `face_margin` want them; cut once per margin."""
        if margin not in self._crops:
            photo = self.whole
            self._crops[margin] = [photo if face is None else crop_face(photo, face, margin) for face in self.faces]
        return self._crops[margin]

    @property
    def whole(self) -> Image.Image:
        """The photo, as long as it was not let go."""
        if self.photo is None:
            raise ValueError("the photo was let go before its faces were cut for this margin")
        return self.photo

    def only(self, index: int) -> "FoundFaces":
        """One of the faces."""
        crops = {margin: [cut[index]] for margin, cut in self._crops.items()}
        return replace(self, faces=[self.faces[index]], conditions=self.conditions[index : index + 1], _crops=crops)

    def shrunk(self, side: int, margins: Sequence[float]) -> "FoundFaces":
        """The same faces, cut from the photo for these margins, and a photo of that side at most; with 0, none."""
        cut = {margin: self.crops(margin) for margin in margins}
        small = None
        if side:
            small = self.whole.copy()
            small.thumbnail((side, side))
        return replace(self, photo=small, _crops=cut)


def joined(found: Sequence[FoundFaces], margins: Sequence[float]) -> FoundFaces:
    """The faces of several photos as if they were of one, to be answered together."""
    crops = {margin: list(chain.from_iterable(one.crops(margin) for one in found)) for margin in margins}
    return FoundFaces(
        photo=None,
        size=(0, 0),
        faces=list(chain.from_iterable(one.faces for one in found)),
        conditions=list(chain.from_iterable(one.conditions for one in found)),
        _crops=crops,
    )


@dataclass(frozen=True)
class PhotoAnalysis:
    """photo: upright. faces: in reading order. predictions: for each face, one per model. milliseconds: per stage, for
    the photo."""

    photo: Image.Image
    faces: list[Face]
    predictions: list[dict[str, Prediction]]
    milliseconds: dict[str, float]


class Analyzer:
    """A face detector and the models that look at its faces.

    Args:
        sources: checkpoint folders, exported ones, names that `hub.checkpoint_folder` finds, or checkpoints that are
            open already; all of the repository's `checkpoints/` by default.
        device: where the models compute, as in `Checkpoint`.
        engine: what they compute with: "torch", "onnx" or "auto", as in `engines.open_checkpoint`.
    """

    def __init__(
        self,
        sources: Sequence[str | Path | Answering] | None = None,
        device: "str | torch.device" = "auto",
        engine: str = "auto",
    ):
        sources = list(sources or find_checkpoints())
        names = [checkpoint_name(one) if isinstance(one, str | Path) else one.name for one in sources]
        if len(set(names)) < len(names):
            raise CheckpointError(f"two checkpoints have the same name: {', '.join(names)}; rename one")
        self.checkpoints: dict[str, Answering] = {
            name: open_checkpoint(one, engine, device) if isinstance(one, str | Path) else one
            for name, one in zip(names, sources, strict=True)
        }
        exports = [one.export for one in self.checkpoints.values() if one.export is not None]
        # not where torch answers too: its threads and those of onnxruntime wait for each other's cores
        alone = len(exports) == len(self.checkpoints)
        self.detector = FaceDetector(networks=onnx_networks(exports[0]) if alone else None)
        blank = Image.new("RGB", (256, 256))
        # the first pass of a network is several times slower; side by side, as they will answer: the onnx engine opens
        # another session for a model that answers alone
        side_by_side([partial(checkpoint.predict, [blank]) for checkpoint in self.checkpoints.values()])

    @property
    def expressions(self) -> list[str]:
        """Every expression that some model knows, in the order of the models."""
        return list(dict.fromkeys(e for c in self.checkpoints.values() for e in c.expressions))

    def checkpoint(self, name: str) -> Answering:
        """The checkpoint of that name.

        Raises:
            CheckpointError: there is none.
        """
        if name not in self.checkpoints:
            raise CheckpointError(f"no model named {name!r}; there are: {', '.join(self.checkpoints)}")
        return self.checkpoints[name]

    def asked(self, expression: str | None) -> str | None:
        """The canonical name of an expression that someone asks for; `None` stays, it is each model's own answer.

        Raises:
            ExpressionError: no model knows it and neither does `canonical_expression`.
        """
        try:
            return None if expression is None else canonical_expression(expression)
        except ExpressionError:
            if expression in self.expressions:  # a model's own word
                return expression
            raise

    @property
    def margins(self) -> list[float]:
        """How loosely the models want a face to be framed, each `face_margin` once."""
        return list(dict.fromkeys(c.face_margin for c in self.checkpoints.values()))

    def find(self, photo: Photo, faces: Sequence[Face] | None = None, cropped: bool = False) -> FoundFaces:
        """The photo, upright, with its faces in reading order. How they are found, `search.search_photo` says.

        Args:
            photo: whatever `photo.read_photo` takes.
            faces: of this photo (upright), when they are known already; they keep their order.
            cropped: the picture is a face that is cut out already; nothing is searched for.

        Raises:
            PhotoError: as `read_photo`.
            EmptyPictureError: a cropped picture that shows nothing.
        """
        photo = upright(photo)
        start = time.perf_counter()
        notes: tuple[str, ...] = ()
        known: list[Face | None] = [None] if faces is None else [*faces]
        if cropped and not has_contrast(photo):
            raise EmptyPictureError
        if faces is None and not cropped:
            photo, faces_there, notes = search_photo(self.detector, photo)
            known = [*faces_there]
        milliseconds = 1000 * (time.perf_counter() - start)
        found = FoundFaces(photo, photo.size, known, milliseconds, notes)
        crops = found.crops(min(self.margins))
        found.conditions.extend(conditions_of(photo, *one) for one in zip(known, crops, strict=True))
        return found

    def answer(
        self,
        found: FoundFaces,
        models: Sequence[str] | None = None,
        method: str | None = "gradcam",
        expression: str | Sequence[str | None] | None = None,
        batch: int = FACES_PER_PASS,
        balanced: bool = False,
        mirror: bool = False,
    ) -> list[dict[str, Prediction]]:
        """For each face, every model's answer by the model's name.

        Args:
            models: names of checkpoints; all by default.
            method, expression: as in `Checkpoint.predict`; an expression may be given for each face, and in the words
                that `canonical_expression` knows. A model without it explains its own answer.
            batch: faces per pass.
            balanced, mirror: as in `Checkpoint.predict`.

        Raises:
            CheckpointError: a name that is not among the checkpoints, or one of them cannot answer `balanced`.
            ExpressionError: a word that is no expression.
        """
        one = expression is None or isinstance(expression, str)
        asked = [self.asked(e) for e in ([expression] * len(found.faces) if one else expression)]
        predictions: list[dict[str, Prediction]] = [{} for _ in found.faces]
        names = list(self.checkpoints if models is None else models)
        chosen = [self.checkpoint(name) for name in names]
        crops = {margin: found.crops(margin) for margin in {one.face_margin for one in chosen}}

        def answers(checkpoint: Answering) -> list[Prediction]:
            faces = crops[checkpoint.face_margin]
            batches = (slice(first, first + batch) for first in range(0, len(faces), batch))
            settings = (balanced, mirror)
            return [one for some in batches for one in checkpoint.predict(faces[some], method, asked[some], *settings)]

        every = side_by_side([partial(answers, checkpoint) for checkpoint in chosen])
        for name, of_faces in zip(names, every, strict=True):
            for face, answer in enumerate(of_faces):
                against = (*answer.conditions, *(found.conditions[face] if found.conditions else ()))
                predictions[face][name] = replace(answer, conditions=against) if against else answer
        return predictions

    def analyze(
        self,
        photo: Photo,
        models: Sequence[str] | None = None,
        method: str | None = "gradcam",
        expression: str | None = None,
        faces: Sequence[Face] | None = None,
        balanced: bool = False,
        mirror: bool = False,
    ) -> PhotoAnalysis:
        """`find` the faces of a photo and `answer` about each, with the time that each model took.

        Raises:
            PhotoError, CheckpointError: as those.
        """
        names = list(self.checkpoints if models is None else models)
        for name in names:
            self.checkpoint(name)
        found = self.find(photo, faces)

        def answers(name: str) -> tuple[list[dict[str, Prediction]], float]:
            start = time.perf_counter()
            own = self.answer(found, [name], method, expression, balanced=balanced, mirror=mirror)
            return own, 1000 * (time.perf_counter() - start)

        every = side_by_side([partial(answers, name) for name in names])
        predictions: list[dict[str, Prediction]] = [{} for _ in found.faces]
        milliseconds = {"detect": found.milliseconds}
        for name, (own, taken) in zip(names, every, strict=True):
            milliseconds[name] = taken
            for face, answer in zip(predictions, own, strict=True):
                face.update(answer)
        photo_faces = [face for face in found.faces if face is not None]
        return PhotoAnalysis(found.whole, photo_faces, predictions, milliseconds)


__all__ = [
    "CHECKPOINTS",
    "Analyzer",
    "CheckpointError",
    "FaceMap",
    "FoundFaces",
    "PhotoAnalysis",
    "Prediction",
    "find_checkpoints",
    "joined",
]
