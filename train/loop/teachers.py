"""Targets from trained models: what they answer for a training picture, mixed with its votes (Hinton et al. 2015, arXiv
1503.02531)."""

import numpy as np
import torch

from fer_models.expressions import canonical_expression
from fer_models.paths import CHECKPOINTS
from train.config.recipe import Stage
from train.data.face_dataset import DataError, FaceDataset
from train.measure.scoring import Checkpoint, load_checkpoint, score


def check_teachers(stages: list[Stage]) -> None:
    """Every teacher of every stage must be there, before the first stage takes its hours.

    Raises:
        DataError: one is not.
    """
    for stage in stages:
        for name in stage.teachers:
            if not (CHECKPOINTS / name / "model.safetensors").is_file():
                raise DataError(f"no weights of the teacher {name} in {CHECKPOINTS}; train {name} first")


def answers(teacher: Checkpoint, data: FaceDataset) -> np.ndarray:
    """The teacher's probabilities for every picture, `(N, C)` in the data's label order.

    The softmax has no temperature: a network that learnt from vote shares answers with vote shares.

    Raises:
        DataError: its expressions are not the data's, or a picture cannot be read.
    """
    names = [canonical_expression(name) for name in data.names]
    if set(names) != set(teacher.expressions):
        raise DataError(
            f"{teacher.folder} cannot teach {', '.join(names)}: its expressions are {', '.join(teacher.expressions)}"
        )
    scores = score(teacher, data, np.arange(len(data)), batch_size=64, progress=f"answers of {teacher.name}")
    if scores.unreadable:
        raise DataError(f"the picture {data.ids[scores.unreadable[0]]} cannot be read")
    logits = torch.from_numpy(scores.logits[:, [teacher.expressions.index(name) for name in names]])
    return logits.softmax(dim=1).numpy()


def taught(data: FaceDataset, stage: Stage, known: dict[str, np.ndarray]) -> FaceDataset:
    """The data set with what the stage's teachers answer in its votes:
    `(1 - teacher_share) * votes + teacher_share * mean answer`.

    Args:
        known: answers for these pictures by teacher; those that are missing are asked for and added.

    Raises:
        CheckpointError, DataError: as `answers`, or a teacher cannot be loaded.
    """
    for name in stage.teachers:
        if name not in known:
            known[name] = answers(load_checkpoint(str(CHECKPOINTS / name)), data)
    mean = np.mean([known[name] for name in stage.teachers], axis=0)
    votes = (1 - stage.teacher_share) * data.votes + stage.teacher_share * mean
    return data.with_votes(votes.astype(np.float32))


__all__ = ["answers", "check_teachers", "taught"]
