"""Targets from trained models: what they answer for a training picture, mixed with its votes (Hinton et al. 2015, arXiv
1503.02531); for the picture as it lies on disk, or for the very view that the student sees (Beyer et al. 2021, arXiv
2106.05237)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import interpolate

from fer_models import FERImageProcessor
from fer_models.expressions import canonical_expression
from train.config.recipe import Stage
from train.config.trained import trained_folder
from train.data.face_dataset import DataError, FaceDataset
from train.measure.scoring import Checkpoint, load_checkpoint, score


def check_teachers(stages: list[Stage], folders: Sequence[Path]) -> None:
    """Every teacher of every stage must be there, before the first stage takes its hours.

    Raises:
        DataError: one is not.
    """
    for stage in stages:
        for name in stage.teachers:
            trained_folder(name, folders)


def columns(teacher: Checkpoint, names: Sequence[str]) -> list[int]:
    """Where the teacher has each of the data's expressions.

    Raises:
        DataError: its expressions are not the data's.
    """
    names = [canonical_expression(name) for name in names]
    if set(names) != set(teacher.expressions):
        raise DataError(
            f"{teacher.folder} cannot teach {', '.join(names)}: its expressions are {', '.join(teacher.expressions)}"
        )
    return [teacher.expressions.index(name) for name in names]


def answers(teacher: Checkpoint, data: FaceDataset) -> np.ndarray:
    """The teacher's probabilities for every picture, `(N, C)` in the data's label order.

    The softmax has no temperature: a network that learnt from vote shares answers with vote shares.

    Raises:
        DataError: its expressions are not the data's, or a picture cannot be read.
    """
    order = columns(teacher, data.names)
    scores = score(teacher, data, np.arange(len(data)), batch_size=64, progress=f"answers of {teacher.name}")
    if scores.unreadable:
        raise DataError(f"the picture {data.ids[scores.unreadable[0]]} cannot be read")
    learnt = scores.logits[:, order] * teacher.model.config.folded_temperature
    return torch.from_numpy(learnt).softmax(dim=1).numpy()


def taught(data: FaceDataset, stage: Stage, known: dict[str, np.ndarray], folders: Sequence[Path]) -> FaceDataset:
    """The data set with what the stage's teachers answer in its votes:
    `(1 - teacher_share) * votes + teacher_share * mean answer`.

    Args:
        known: answers for these pictures by teacher; those that are missing are asked for and added.
        folders: where the teachers are looked for.

    Raises:
        CheckpointError, DataError: as `answers`, or a teacher cannot be loaded.
    """
    for name in stage.teachers:
        if name not in known:
            known[name] = answers(load_checkpoint(str(trained_folder(name, folders))), data)
    mean = np.mean([known[name] for name in stage.teachers], axis=0)
    votes = (1 - stage.teacher_share) * data.votes + stage.teacher_share * mean
    return data.with_votes(votes.astype(np.float32))


class ViewTeachers:
    """Teachers that answer for the batch that the student is shown.

    Args:
        names: of the checkpoints, which are looked for in `folders`. expressions: in the student's label order.
        processor: the student's, whose scaling of the values is undone for a teacher with another one.
        device: where the student computes.

    Raises:
        CheckpointError, DataError: one is not there, damaged, or has other expressions.
    """

    def __init__(
        self,
        names: Sequence[str],
        folders: Sequence[Path],
        expressions: Sequence[str],
        processor: FERImageProcessor,
        device: torch.device,
    ):
        self.processor = processor
        self.teachers = [load_checkpoint(str(trained_folder(name, folders))) for name in names]
        self.columns = [columns(teacher, expressions) for teacher in self.teachers]
        for teacher in self.teachers:
            teacher.model.to(device)

    def answers(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """`(B, 3, S, S)` as the student gets them -> the mean of the teachers' probabilities, `(B, C)`."""
        with torch.no_grad():
            shares = [
                self._logits(teacher, pixel_values)[:, order].softmax(dim=1)
                for teacher, order in zip(self.teachers, self.columns, strict=True)
            ]
        return torch.stack(shares).mean(dim=0)

    def _logits(self, teacher: Checkpoint, pixel_values: torch.Tensor) -> torch.Tensor:
        """As the teacher learnt them, whatever temperature its last layer was divided by since."""
        logits = teacher.model(self._as_seen_by(teacher, pixel_values)).logits.float()
        return logits * teacher.model.config.folded_temperature

    def _as_seen_by(self, teacher: Checkpoint, pixel_values: torch.Tensor) -> torch.Tensor:
        ours, theirs, side = self.processor, teacher.processor, teacher.processor.size["height"]
        if side != pixel_values.shape[-1]:
            pixel_values = interpolate(pixel_values, size=(side, side), mode="bilinear", antialias=True)
        if (ours.image_mean, ours.image_std) == (theirs.image_mean, theirs.image_std):
            return pixel_values
        mean, std, their_mean, their_std = (
            torch.tensor(values, dtype=pixel_values.dtype, device=pixel_values.device)[:, None, None]
            for values in (ours.image_mean, ours.image_std, theirs.image_mean, theirs.image_std)
        )
        return (pixel_values * std + mean - their_mean) / their_std


__all__ = ["ViewTeachers", "answers", "check_teachers", "columns", "taught"]
