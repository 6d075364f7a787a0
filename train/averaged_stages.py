"""One network from the ends of several stages: the mean of their weights (Izmailov et al. 2018, "Averaging Weights
Leads to Wider Optima and Better Generalization", arXiv 1803.05407, with stages as the cycles)."""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader
from tqdm import tqdm

from train.augmentation import Collator
from train.face_dataset import FaceDataset


def average_stages(
    model: torch.nn.Module, weights: Sequence[Path], pictures: FaceDataset, collator: Collator, progress: bool = True
) -> None:
    """Give the model the mean of the weights in the files, in evaluation mode.

    Batch statistics do not average, since they belong to the features of other weights. They are counted anew, over the
    pictures as they are when the model answers.
    """
    every = [load_file(file) for file in weights]
    mean = {}
    for key, value in every[0].items():
        mean[key] = torch.stack([one[key] for one in every]).mean(dim=0) if value.is_floating_point() else value
    model.load_state_dict(mean)
    size = min(64, len(pictures))
    loader = DataLoader(pictures, size, collate_fn=collator, drop_last=True)  # batches count alike, whatever their size
    bar = tqdm(loader, desc="batch statistics", leave=False, disable=not progress)
    update_bn((batch["pixel_values"] for batch in bar), model, device=next(model.parameters()).device)
    model.eval()


__all__ = ["average_stages"]
