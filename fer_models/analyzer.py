"""Photo -> faces -> every model's answer and maps: the one path that the Space, the command line and the API share."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from fer_models.checkpoint import Checkpoint, FaceMap, Prediction, find_checkpoints, load_network
from fer_models.faces import Face, FaceDetector
from fer_models.hub import CHECKPOINTS, CheckpointError, checkpoint_name

FACES_PER_PASS = 16  # bounds the memory of a group photo


@dataclass(frozen=True)
class PhotoAnalysis:
    """faces: from left to right. predictions: for each face, one per model. milliseconds: per stage, for the photo."""

    photo: Image.Image
    faces: list[Face]
    predictions: list[dict[str, Prediction]]
    milliseconds: dict[str, float]


class Analyzer:
    """A face detector and the models that look at its faces.

    Args:
        sources: checkpoint folders, or names that `hub.checkpoint_folder` finds; all of `checkpoints/` by default.
    """

    def __init__(self, sources: Sequence[str | Path] | None = None):
        sources = list(sources or find_checkpoints())
        names = [checkpoint_name(source) for source in sources]
        if len(set(names)) < len(names):
            raise CheckpointError(f"two checkpoints have the same name: {', '.join(names)}; rename one")
        self.checkpoints = {name: Checkpoint(source) for name, source in zip(names, sources, strict=True)}
        self.detector = FaceDetector()
        blank = Image.new("RGB", (256, 256))
        for checkpoint in self.checkpoints.values():  # the first pass of a network is several times slower
            checkpoint.predict([blank])

    @property
    def expressions(self) -> list[str]:
        """Every expression that some model knows, in the order of the models."""
        return list(dict.fromkeys(e for c in self.checkpoints.values() for e in c.expressions))

    def checkpoint(self, name: str) -> Checkpoint:
        """The checkpoint of that name.

        Raises:
            CheckpointError: there is none.
        """
        if name not in self.checkpoints:
            raise CheckpointError(f"no model named {name!r}; there are: {', '.join(self.checkpoints)}")
        return self.checkpoints[name]

    def analyze(
        self,
        photo: Image.Image,
        models: Sequence[str] | None = None,
        method: str | None = "gradcam",
        expression: str | None = None,
        faces: list[Face] | None = None,
    ) -> PhotoAnalysis:
        """Find the faces of an upright RGB photo (`faces.read_photo`) and ask every model about each.

        Args:
            models: names of checkpoints; all by default.
            method, expression: as in `Checkpoint.predict`.
            faces: of this photo, when they are known already.

        Raises:
            CheckpointError: a name that is not among the checkpoints.
        """
        start = time.perf_counter()
        if faces is None:
            faces = sorted(self.detector.detect(photo), key=lambda face: face.box[0])  # numbered from left to right
        milliseconds = {"detect": 1000 * (time.perf_counter() - start)}
        predictions: list[dict[str, Prediction]] = [{} for _ in faces]
        for name in self.checkpoints if models is None else models:
            checkpoint = self.checkpoint(name)
            start = time.perf_counter()
            crops = checkpoint.crops(photo, faces)
            for first in range(0, len(crops), FACES_PER_PASS):
                answers = checkpoint.predict(crops[first : first + FACES_PER_PASS], method, expression)
                for face, answer in enumerate(answers, start=first):
                    predictions[face][name] = answer
            milliseconds[name] = 1000 * (time.perf_counter() - start)
        return PhotoAnalysis(photo, faces, predictions, milliseconds)


__all__ = [
    "CHECKPOINTS",
    "Analyzer",
    "Checkpoint",
    "CheckpointError",
    "FaceMap",
    "PhotoAnalysis",
    "Prediction",
    "find_checkpoints",
    "load_network",
]
