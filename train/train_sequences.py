"""Train a sequence head over the frozen features of a checkpoint: a GRU that answers once for a whole sequence.

    python train/train_sequences.py pattlite-ferplus --layout ckplus --data CK+ --out checkpoints/sequence-ckplus
    python train/train_sequences.py pattlite-ferplus --layout clip_folders --data clips --out checkpoints/sequence-clips

CK+ gives its sequences from the onset to the apex; 70, 20 and 10 % of them train, select and test, split by person. The
folder gets weights, config, a card, and `result.json`. No weights are shipped: CK+ is not ours to train and share.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm
from transformers import set_seed

from fer_models.checkpoint import Checkpoint
from fer_models.detector import FaceDetector
from fer_models.expressions import EXPRESSIONS, label_maps
from fer_models.faces import crop_face
from fer_models.files import write_text
from fer_models.models.configuration_fer_sequence import FERSequenceConfig
from fer_models.models.modeling_fer_sequence import FERSequenceClassifier
from fer_models.photo import PhotoError, read_photo
from fer_models.sequences import sequence_features
from train.data.face_dataset import DataError
from train.data.sequences import LAYOUTS, FaceSequence, load_sequences
from train.measure import metrics
from train.measure.command_line import command
from train.measure.provenance import provenance


@dataclass(frozen=True)
class SequenceRecipe:
    """shares: of train, validation and test, by person. hidden_size: of the GRU. patience: epochs without a better
    validation loss until training stops."""

    shares: tuple[float, float, float] = (0.7, 0.2, 0.1)
    seed: int = 42
    hidden_size: int = 64
    dropout: float = 0.3
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    batch_size: int = 16
    epochs: int = 200
    patience: int = 30


@dataclass(frozen=True)
class Featured:
    """Sequences as the head sees them. features: `(N, T, F)`, zeros beyond a sequence's end. seen: `(N, T)` bool,
    whether there is a face. labels: `(N,)`. without: names of the sequences in which no face was found."""

    features: torch.Tensor
    seen: torch.Tensor
    labels: torch.Tensor
    without: tuple[str, ...]


def featured(
    sequences: list[FaceSequence], names: tuple[str, ...], checkpoint: Checkpoint, detector: FaceDetector | None
) -> Featured:
    """Look for the largest face in every frame, and ask the checkpoint for its features.

    Args:
        names: the classes in label order. detector: `None` where the pictures are cut out faces.

    Raises:
        DataError: a picture cannot be read, or no sequence shows a face.
    """
    rows, masks, labels, without = [], [], [], []
    for sequence in tqdm(sequences, desc="features", unit=" sequences", leave=False):
        try:
            photos = [read_photo(frame) for frame in sequence.frames]
        except PhotoError as error:
            raise DataError(f"a picture of {sequence.name} cannot be read: {error}") from error
        if detector is None:
            crops = photos
        else:
            found = [detector.detect(photo)[:1] for photo in photos]
            margin = checkpoint.model.config.face_margin
            crops = [
                crop_face(photo, face[0], margin) if face else None for photo, face in zip(photos, found, strict=True)
            ]
        features, seen = sequence_features(checkpoint, crops)
        if not seen.any():
            without.append(sequence.name)
            continue
        rows.append(features)
        masks.append(seen)
        labels.append(names.index(sequence.expression))
    if not rows:
        raise DataError("no face was found in any sequence; pass --cropped if the pictures are faces already")
    pad = torch.nn.utils.rnn.pad_sequence
    return Featured(pad(rows, True), pad(masks, True), torch.tensor(labels), tuple(without))


def fit(model: FERSequenceClassifier, train: Featured, validation: Featured, recipe: SequenceRecipe) -> int:
    """Train, and leave the model with the weights of the least validation loss; returns the epoch of those."""
    optimizer = torch.optim.AdamW(model.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    least, best, best_epoch = float("inf"), {}, 0
    for epoch in range(1, recipe.epochs + 1):
        model.train()
        for rows in torch.randperm(len(train.labels)).split(recipe.batch_size):
            optimizer.zero_grad()
            model(train.features[rows], train.seen[rows], train.labels[rows]).loss.backward()
            optimizer.step()
        loss = scored(model, validation)[1]
        if loss < least:
            least, best_epoch = loss, epoch
            best = {key: value.clone() for key, value in model.state_dict().items()}
        elif epoch - best_epoch >= recipe.patience:
            break
    model.load_state_dict(best)
    return best_epoch


def scored(model: FERSequenceClassifier, data: Featured) -> tuple[np.ndarray, float]:
    """`(N,)` predicted class ids, and the mean loss."""
    model.eval()
    with torch.inference_mode():
        output = model(data.features, data.seen, data.labels)
    return output.logits.argmax(dim=1).numpy(), float(output.loss)


def measured(model: FERSequenceClassifier, data: Featured, classes: int, seed: int) -> dict:
    """How many sequences, and accuracy and mean class accuracy with their 95 % intervals."""
    predictions, labels = scored(model, data)[0], data.labels.numpy()
    confusion = metrics.confusion_matrix(labels, predictions, classes)
    return {
        "n": len(labels),
        "without_a_face": list(data.without),
        **{
            statistic.__name__: {
                "value": float(statistic(confusion)),
                "interval": metrics.confusion_interval(statistic, labels, predictions, classes, seed),
            }
            for statistic in (metrics.accuracy, metrics.mean_class_accuracy)
        },
    }


def card(name: str, checkpoint: Checkpoint, layout: str, result: dict) -> str:
    """The model card of a sequence head."""
    rows = [
        f"| {split} | {numbers['n']} | {100 * numbers['accuracy']['value']:.1f} % "
        f"({100 * numbers['accuracy']['interval'][0]:.1f} to {100 * numbers['accuracy']['interval'][1]:.1f}) |"
        for split, numbers in result["splits"].items()
    ]
    table = "\n".join(["| split | sequences | accuracy (95 %) |", "| --- | --: | --: |", *rows])
    return f"""---
library_name: transformers
---

# {name}

A GRU over the features of `{checkpoint.name}` (weights {checkpoint.sha256[:12]}): one expression for a whole sequence
of pictures of one face, trained on `{layout}`. It answers "not detected" for a sequence without a face, and where no
class reaches the threshold, if one is set. It is no measure of what a person feels, and on other features than those of
these weights it means nothing.

{table}

Split by person; validation chose the epoch, test was scored once.

```python
from fer_models.checkpoint import Checkpoint
from fer_models.sequences import SequenceHead

head = SequenceHead.load("{name}", Checkpoint("{checkpoint.name}"))
head.answer([face_1, face_2, None, face_4])  # cut out faces in the order of time; None: no face in that frame
```
"""


def train_sequences(
    checkpoint: Checkpoint, layout: str, data: Path, out: Path, recipe: SequenceRecipe, cropped: bool = False
) -> dict:
    """Train a head and write its folder; returns the result.

    Args:
        layout: a key of `LAYOUTS`. cropped: the pictures are cut out faces.

    Raises:
        DataError: the data is not laid out so, has too few persons, or shows no face.
    """
    splits = load_sequences(layout, data, recipe.shares, recipe.seed)
    there = {sequence.expression for part in splits.values() for sequence in part}
    names = tuple(name for name in EXPRESSIONS if name in there)
    detector = None if cropped else FaceDetector()
    parts = {split: featured(sequences, names, checkpoint, detector) for split, sequences in splits.items()}
    set_seed(recipe.seed)
    id2label, label2id = label_maps(names)
    config = FERSequenceConfig(
        feature_size=parts["train"].features.shape[2],
        hidden_size=recipe.hidden_size,
        dropout=recipe.dropout,
        features_of=checkpoint.name,
        features_sha256=checkpoint.sha256,
        id2label=id2label,
        label2id=label2id,
    )
    model = FERSequenceClassifier(config)
    epoch = fit(model, parts["train"], parts["validation"], recipe)
    result = {
        "layout": layout,
        "epoch": epoch,
        "recipe": recipe.__dict__,
        "splits": {split: measured(model, part, len(names), recipe.seed) for split, part in parts.items()},
        **provenance(),
    }
    model.save_pretrained(out)
    write_text(out / "result.json", json.dumps(result, indent=2) + "\n")
    write_text(out / "README.md", card(out.name, checkpoint, layout, result))
    return result


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the folder of the head."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="folder or name of the checkpoint whose features are used")
    parser.add_argument("--layout", choices=LAYOUTS, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets the head")
    parser.add_argument("--cropped", action="store_true", help="the pictures are cut out faces")
    parser.add_argument("--seed", type=int, default=SequenceRecipe.seed)
    options = parser.parse_args(arguments)
    recipe = SequenceRecipe(seed=options.seed)
    checkpoint = Checkpoint(options.checkpoint)
    result = train_sequences(checkpoint, options.layout, options.data, options.out, recipe, options.cropped)
    for split, numbers in result["splits"].items():
        print(f"{split}: {100 * numbers['accuracy']['value']:.1f} % of {numbers['n']} sequences")
    print(options.out)
    return options.out


if __name__ == "__main__":
    main()
