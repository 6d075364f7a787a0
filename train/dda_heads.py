"""Can DDAMFN's heads be made to matter? Heads are trained anew in several ways on the features of a checkpoint, which
stay as they are; pool and classifier go on from where they are. Of each way: the accuracy with each face's own maps,
with the mean map of all faces in their place, and the share of answers that this changes.

    python train/dda_heads.py checkpoints/ddamfn-ferplus --config hub_configs/ddamfn-ferplus.yaml \
        --data fer2013plus.parquet

Four fifths of each target are the checkpoint's own answer for the view, so that what is compared are the ways and not
what the rest of the network forgets meanwhile.
"""

import argparse
import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

from fer_models.models.modeling_ddamfn import DDAMFNForImageClassification, attention_loss, dual_direction_maps
from fer_models.results import percent, write
from fer_models.results.dda_heads import DDAHeads, Heads
from fer_models.results.fixed_maps import Answers
from train.config.recipe import load_config, load_yaml
from train.data.readers import FaceDataset
from train.loop.augmentation import Augmentation, Collator
from train.measure.command_line import add_arguments, command, measured_checkpoints, open_training_data, result_file
from train.measure.provenance import provenance
from train.measure.scoring import Checkpoint, CheckpointError

GRID = Path(__file__).with_suffix(".yaml")
BATCH = 64
OWN_SHARE = 0.8  # of each target: what the checkpoint answers for the view
LEARNING_RATE, WEIGHT_DECAY, WARMUP = 1e-3, 0.05, 50


@dataclass(frozen=True)
class Way:
    """How heads are trained; the fields are explained in `train/dda_heads.yaml`."""

    name: str
    attention_loss_weight: float = 0.001
    gate_scale: float = 1.0
    sparse: float = 0.0
    dropout: float = 0.0
    own_map: float = 0.0
    margin: float = 0.0


@dataclass(frozen=True)
class Ways:
    """What a `--grid` file holds."""

    ways: list[Way]


@dataclass(frozen=True)
class Features:
    """features: `(N, C, g, g)` float16, as the heads get them. targets: `(N, classes)`."""

    features: torch.Tensor
    targets: torch.Tensor


@torch.inference_mode()
def features_of(
    checkpoint: Checkpoint, data: FaceDataset, rows: np.ndarray, augmentation: Augmentation | None, views: int = 1
) -> Features:
    """What the heads get of these pictures, each in so many views; with an augmentation the targets lean on the
    checkpoint's answer for the view."""
    model, found, targets = checkpoint.model, [], []
    collate = Collator(checkpoint.processor, model.config.image_size, augmentation, soft_labels=True)
    batches = [part for _ in range(views) for part in np.array_split(rows, -(-len(rows) // BATCH))]
    for batch in tqdm(batches, desc="features", unit="batch", leave=False, dynamic_ncols=True):
        inputs = collate([data[int(row)] for row in batch])
        output = model(inputs["pixel_values"], output_hidden_states=True)
        votes = inputs["labels"].float()
        if augmentation is not None:
            votes = (1 - OWN_SHARE) * votes + OWN_SHARE * output.logits.softmax(dim=1)
        found.append(output.hidden_states[0].half())
        targets.append(votes)
    return Features(torch.cat(found), torch.cat(targets))


class Trained:
    """Heads, pool and classifier of a model, with gates as steep as a way has them."""

    def __init__(self, model: DDAMFNForImageClassification, gate_scale: float = 1.0):
        self.model, self.gate_scale = model, gate_scale

    def profiles(self, features: torch.Tensor) -> list[torch.Tensor]:
        """Of each head, `(B, C, 2, g)`."""
        found = [head(features) for head in self.model.heads]
        if self.gate_scale == 1:
            return found
        return [one.clamp(1e-6, 1 - 1e-6).logit().mul(self.gate_scale).sigmoid() for one in found]

    def joined(self, profiles: list[torch.Tensor]) -> torch.Tensor:
        """`(B, C, g, g)`."""
        return torch.stack([dual_direction_maps(one) for one in profiles]).amax(dim=0)

    def logits(self, features: torch.Tensor, joined: torch.Tensor) -> torch.Tensor:
        """`(B, classes)`."""
        return self.model.classifier(self.model.pool(features * joined).flatten(1))

    @torch.inference_mode()
    def measured(self, validation: Features, labels: torch.Tensor) -> Heads:
        """With own maps, and with the mean over these faces of each head's profiles in their place."""
        self.model.eval()
        parts = [part.float() for part in validation.features.split(256)]
        profiles = [self.profiles(part) for part in parts]
        mean = [torch.cat(one).mean(dim=0, keepdim=True) for one in zip(*profiles, strict=True)]
        joined = [self.joined(one) for one in profiles]
        own, fixed = (
            torch.cat([self.logits(part, one) for part, one in zip(parts, maps, strict=True)]).argmax(dim=1)
            for maps in (joined, [self.joined(mean)] * len(parts))
        )
        shown = torch.cat([one.mean(dim=1) for one in joined])
        return Heads(
            answers={
                name: Answers((answers == labels).double().mean().item(), (answers == own).double().mean().item())
                for name, answers in (("own map", own), ("mean map", fixed))
            },
            sd_over_faces=shown.std(dim=0).mean().item(),
            sd_over_places=shown.mean(dim=0).std().item(),
        )


def _loss(trained: Trained, way: Way, features: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    profiles = trained.profiles(features)
    joined, config = trained.joined(profiles), trained.model.config
    seen = joined
    if way.dropout:
        dropped = torch.rand(len(joined), 1, 1, 1) < way.dropout
        seen = torch.where(dropped, joined.mean(dim=0, keepdim=True), joined)
    each = F.cross_entropy(trained.logits(features, seen), targets, reduction="none")
    heads = [dual_direction_maps(one) for one in profiles]
    loss = each.mean() + way.attention_loss_weight * attention_loss(heads, config.attention_loss_eps)
    loss = loss + way.sparse * joined.mean()
    if way.own_map:
        mean = trained.joined([one.mean(dim=0, keepdim=True) for one in profiles])
        worse = F.cross_entropy(trained.logits(features, mean), targets, reduction="none")
        loss = loss + way.own_map * F.relu(way.margin - (worse - each)).mean()
    return loss


def train(model: DDAMFNForImageClassification, way: Way, data: Features, epochs: int, seed: int = 0) -> Trained:
    """New heads for a copy of the model, by AdamW with a cosine."""
    torch.manual_seed(seed)
    trained = Trained(copy.deepcopy(model).requires_grad_(True), way.gate_scale)
    network = trained.model
    for head in network.heads:
        head.apply(network._init_weights)
    parameters = [one for part in (network.heads, network.pool, network.classifier) for one in part.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batches = max(1, len(data.features) // BATCH)  # but for what is left over, which a batch norm may not like
    steps = epochs * batches
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARMUP) * (1 + np.cos(np.pi * step / steps)) / 2
    )
    for epoch in range(epochs):
        network.train()
        order = torch.randperm(len(data.features))
        words = f"{way.name}, epoch {epoch + 1} of {epochs}"
        for rows in tqdm(order.split(BATCH)[:batches], desc=words, leave=False, dynamic_ncols=True):
            loss = _loss(trained, way, data.features[rows].float(), data.targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return trained


@command
def main(arguments: list[str] | None = None) -> Path:
    """Returns the result file of the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", help="checkpoint folders or Hub ids, of DDAMFN")
    add_arguments(parser)
    parser.add_argument("--train-pictures", type=int, default=8000, help="a random sample of the training pictures")
    parser.add_argument("--views", type=int, default=2, help="of each picture")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--grid", type=Path, default=GRID, help="YAML file of the ways")
    options = parser.parse_args(arguments)
    if not options.config:
        parser.error("--config says which pictures are trained on and how they are changed")
    ways = load_yaml(options.grid, Ways).ways
    augmentation = load_config(options.config).recipe.augmentation
    everything = open_training_data(options)
    for checkpoint, data, rows, sample in measured_checkpoints(options):
        if not isinstance(checkpoint.model, DDAMFNForImageClassification):
            raise CheckpointError(f"{checkpoint.folder} has no heads of DDAMFN")
        order = np.random.default_rng(options.shuffle_seed).permutation(len(everything))[: options.train_pictures]
        training = features_of(checkpoint, everything, order, augmentation, options.views)
        validation = features_of(checkpoint, data, rows, None)
        labels = torch.from_numpy(np.asarray(data.labels)[rows])
        found = {"as they are": Trained(checkpoint.model).measured(validation, labels)}
        tell(*next(iter(found.items())))
        for way in ways:
            found[way.name] = train(checkpoint.model, way, training, options.epochs).measured(validation, labels)
            tell(way.name, found[way.name])
        path = result_file(options.out, f"{checkpoint.name}-dda-heads", sample["data"])
        result = DDAHeads(
            ways=found,
            epochs=options.epochs,
            train_pictures=len(order),
            views=options.views,
            **sample,
            **provenance(),
        )
        write(path, result)
        print(path)
    return path


def tell(name: str, heads: Heads) -> None:
    """Print a way's line."""
    own, mean = heads.answers["own map"], heads.answers["mean map"]
    changed = percent(1 - mean.same_answers)
    print(f"{name:45} {percent(own.accuracy, 2)}, mean map {percent(mean.accuracy, 2)}, {changed} change", flush=True)


if __name__ == "__main__":
    main()
