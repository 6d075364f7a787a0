"""Pictures of one face in the order of time -> one answer for all, by a sequence head over a checkpoint's features.

head = SequenceHead.load("sequence-ckplus", Checkpoint("pattlite-ferplus"))
head.answer([face_1, face_2, None, face_4])   # None: a frame without a face
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from fer_models.checkpoint import Checkpoint, CheckpointError
from fer_models.models.modeling_fer_sequence import FERSequenceClassifier
from fer_models.probabilities import probabilities

NOT_DETECTED = "not detected"
PICTURES_PER_PASS = 32


@dataclass(frozen=True)
class SequenceAnswer:
    """expression: of the whole sequence; `NOT_DETECTED` where no frame has a face or no class reaches the threshold.
    probabilities: of every class, empty where no frame has a face. frames, seen: how many there are, and with a face.
    """

    expression: str
    probabilities: dict[str, float]
    frames: int
    seen: int


def sequence_features(checkpoint: Checkpoint, crops: Sequence[Image.Image | None]) -> tuple[torch.Tensor, torch.Tensor]:
    """The last feature maps of the network, averaged over their places: `(T, F)`, zeros for a frame without a face; and
    `(T,)` bool, whether there is one."""
    seen = [index for index, crop in enumerate(crops) if crop is not None]
    faces = [crop for crop in crops if crop is not None]
    rows = []
    with torch.inference_mode():
        for first in range(0, len(faces), PICTURES_PER_PASS):
            pixel_values = checkpoint.pixel_values(faces[first : first + PICTURES_PER_PASS])
            output = checkpoint.model(pixel_values, output_hidden_states=True)
            rows.append(output.hidden_states[-1].float().mean(dim=(2, 3)).cpu())
    mask = torch.zeros(len(crops), dtype=torch.bool)
    if not rows:
        return torch.zeros(len(crops), 0), mask
    found = torch.cat(rows)
    features = torch.zeros(len(crops), found.shape[1])
    features[seen], mask[seen] = found, True
    return features, mask


class SequenceHead:
    """A sequence head with the checkpoint whose features it was trained on.

    Raises:
        CheckpointError: the features are of other weights.
    """

    def __init__(self, model: FERSequenceClassifier, checkpoint: Checkpoint):
        wanted = model.config.features_sha256
        if wanted and wanted != checkpoint.sha256:
            raise CheckpointError(
                f"this sequence head was trained on the features of {model.config.features_of} with other weights than "
                f"those of {checkpoint.name}; load that checkpoint, or train the head again"
            )
        self.model, self.checkpoint = model.eval(), checkpoint

    @classmethod
    def load(cls, folder: str | Path, checkpoint: Checkpoint) -> "SequenceHead":
        """From a folder that `train/train_sequences.py` wrote.

        Raises:
            CheckpointError: it is not there, damaged, or its features are of other weights.
        """
        try:
            model = FERSequenceClassifier.from_pretrained(folder)
        except (OSError, ValueError) as error:
            raise CheckpointError(f"no sequence head in {folder}: {error}") from error
        return cls(model, checkpoint)

    def answer(self, crops: Sequence[Image.Image | None]) -> SequenceAnswer:
        """
        Args:
            crops: the face in each frame, framed as the checkpoint wants it; `None` where there is none.
        """
        features, seen = sequence_features(self.checkpoint, crops)
        if not seen.any():
            return SequenceAnswer(NOT_DETECTED, {}, len(crops), 0)
        config = self.model.config
        with torch.inference_mode():
            logits = self.model(features[None], seen[None]).logits
        shares = probabilities(logits, config.softmax_temperature)[0].tolist()
        named = {config.id2label[index]: share for index, share in enumerate(shares)}
        best = max(named, key=named.__getitem__)
        sure = config.reject_threshold is None or named[best] >= config.reject_threshold
        return SequenceAnswer(best if sure else NOT_DETECTED, named, len(crops), int(seen.sum()))


__all__ = ["NOT_DETECTED", "SequenceAnswer", "SequenceHead", "sequence_features"]
