"""Photo -> faces -> every model's answer and maps: the one path that the Space, the command line and the API share."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoModelForImageClassification, PreTrainedModel
from transformers.utils import logging

from fer_models.explain import METHODS, explain, is_flat, native_attention, native_profiles
from fer_models.faces import Face, FaceDetector, crop_face
from fer_models.hub import CHECKPOINTS, CheckpointError, checkpoint_folder, checkpoint_name

FACES_PER_PASS = 16  # bounds the memory of a group photo


@dataclass(frozen=True)
class FaceMap:
    """One map of a face, for people.

    name: what a person calls the map.
    values: `(h, w)` float32, 0 or more.
    meaning: one true sentence.
    kind: a key of `visualize.KINDS`: "heat" (places of the face; may be interpolated), "shares" (each cell is the
        share of one part of the face; they sum to 1) or "ranks" (its axes are no places; not to be laid on the face).
    profiles: of a map whose channels are products of two profiles, their means: the vertical `(h,)` and the horizontal
        `(w,)`.
    """

    name: str
    values: np.ndarray
    meaning: str
    kind: str
    profiles: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def flat(self) -> bool:
        """Whether it says the same of every place."""
        return is_flat(self.values)


@dataclass(frozen=True)
class Prediction:
    """One model's answer for one face.

    probabilities: of every expression of the model, in its label order; they sum to 1.
    sure: whether the highest probability reaches the model's threshold; always true for a model that has none.
    explained: the expression that the class-dependent maps are about.
    crop: the square picture of the face that the model saw, before its size and colours were changed.
    """

    model: str
    probabilities: dict[str, float]
    sure: bool
    crop: Image.Image
    explained: str | None = None
    maps: list[FaceMap] = field(default_factory=list)

    @property
    def expression(self) -> str:
        """The expression with the highest probability."""
        return max(self.probabilities, key=self.probabilities.get)

    @property
    def probability(self) -> float:
        """The highest probability."""
        return max(self.probabilities.values())


@dataclass(frozen=True)
class PhotoAnalysis:
    """faces: from left to right. predictions: for each face, one per model. milliseconds: per stage, for the photo."""

    photo: Image.Image
    faces: list[Face]
    predictions: list[dict[str, Prediction]]
    milliseconds: dict[str, float]


def load_network(source: str | Path) -> tuple[PreTrainedModel, Callable]:
    """A checkpoint folder or Hub id -> the model, in float32 and evaluation mode, and its image processor.

    Raises:
        CheckpointError: not there, damaged, or weights that do not fill the model.
    """
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # what is missing is reported by the error below
    logging.disable_progress_bar()
    try:
        model, report = AutoModelForImageClassification.from_pretrained(
            source, dtype=torch.float32, output_loading_info=True
        )
        processor = AutoImageProcessor.from_pretrained(source)
    except OSError as error:
        raise CheckpointError(f"no checkpoint folder and no Hub repo {str(source)!r}: {error}") from error
    except Exception as error:  # safetensors, json and transformers each raise their own
        raise CheckpointError(
            f"the checkpoint {source} cannot be read ({type(error).__name__}); fetch it again"
        ) from error
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
    absent = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
    if absent:
        raise CheckpointError(
            f"{source} has no weights for {', '.join(absent[:3])}; they would be random; fetch it again"
        )
    return model.eval(), processor


class Checkpoint:
    """A model and its image processor, ready to answer.

    Args:
        source: a folder, or a name that `names.checkpoint_folder` finds.

    Raises:
        CheckpointError: it cannot be found or fetched, is incomplete or its weights are damaged.
    """

    def __init__(self, source: str | Path):
        self.folder = folder = checkpoint_folder(source)
        self.name = checkpoint_name(source)
        for needed in ("config.json", "model.safetensors", "preprocessor_config.json"):
            if not (folder / needed).is_file():
                raise CheckpointError(f"checkpoint folder {folder} has no {needed}; train it or fetch it again")
        self.model, self.processor = load_network(folder)
        self.model.requires_grad_(False)
        self.expressions = [self.model.config.id2label[i] for i in range(self.model.config.num_labels)]

    def is_sure(self, probability: float) -> bool:
        """Whether an answer's probability reaches the model's threshold; always for a model that has none."""
        threshold = self.model.config.reject_threshold
        return threshold is None or probability >= threshold

    def crops(self, photo: Image.Image, faces: Sequence[Face]) -> list[Image.Image]:
        """Each face framed as the model's training pictures are."""
        return [crop_face(photo, face, self.model.config.face_margin) for face in faces]

    def predict(
        self,
        crops: Sequence[Image.Image],
        method: str | None = "gradcam",
        expression: str | Sequence[str | None] | None = None,
    ) -> list[Prediction]:
        """Answer for each crop, all in one pass.

        Args:
            crops: square RGB pictures of one face each.
            method: a key of `METHODS`, or `None` for the answer alone, without maps.
            expression: explain this expression, or one for each crop; each face's own answer by default, and for a
                model without it.
        """
        if not crops:
            return []
        pixel_values = self.processor(list(crops), return_tensors="pt")["pixel_values"]
        maps: list[list[FaceMap]] = [[] for _ in crops]
        explained: list[str | None] = [None] * len(crops)
        if method is None:
            with torch.inference_mode():
                output = self.model(pixel_values)
        else:
            asked = [expression] * len(crops) if expression is None or isinstance(expression, str) else expression
            class_ids = [self.expressions.index(name) if name in self.expressions else None for name in asked]
            explanation = explain(self.model, pixel_values, method, class_ids)
            output = explanation.output
            explained = [self.expressions[i] for i in explanation.class_ids]
            maps = self._maps(explanation.cam, output, method, explained)
        probabilities = (output.logits.float() / self.model.config.softmax_temperature).softmax(dim=1).tolist()
        return [
            Prediction(
                model=self.name,
                probabilities=dict(zip(self.expressions, shares, strict=True)),
                sure=self.is_sure(max(shares)),
                crop=crop,
                explained=about,
                maps=face_maps,
            )
            for shares, crop, about, face_maps in zip(probabilities, crops, explained, maps, strict=True)
        ]

    def _maps(self, cam: np.ndarray, output, method: str, explained: list[str]) -> list[list[FaceMap]]:
        attention, profiles = native_attention(self.model, output), native_profiles(self.model, output)
        how = METHODS[method]
        titles = [f"{how.title} for {name}" if how.class_specific else how.title for name in explained]
        return [
            [FaceMap(titles[face], cam[face], how.meaning, "heat")]
            + [
                FaceMap(
                    name,
                    values[face],
                    self.model.attention_meanings[name],
                    self.model.attention_kinds[name],
                    tuple(profile[face] for profile in profiles[name]) if name in profiles else None,
                )
                for name, values in attention.items()
            ]
            for face in range(len(cam))
        ]


def find_checkpoints(folder: Path = CHECKPOINTS) -> list[Path]:
    """The folders of `folder` that claim to hold a checkpoint, by name.

    Raises:
        CheckpointError: there is none.
    """
    found = sorted(path for path in folder.glob("[!.]*") if path.is_dir()) if folder.is_dir() else []
    if not found:
        raise CheckpointError(
            f"no checkpoint in {folder}; train one with train/train_hub.py or fetch the repository again"
        )
    return found


class Analyzer:
    """A face detector and the models that look at its faces.

    Args:
        sources: checkpoint folders, or names that `names.checkpoint_folder` finds; all of `checkpoints/` by default.
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
    "Analyzer",
    "Checkpoint",
    "CheckpointError",
    "FaceMap",
    "PhotoAnalysis",
    "Prediction",
    "find_checkpoints",
    "load_network",
]
