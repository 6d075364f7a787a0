"""The temperature of a checkpoint in its last layer, so that every runtime's softmax of the logits is calibrated."""

import json
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from fer_models.checkpoint import CheckpointError, load_network
from fer_models.files import write_text
from fer_models.whole_weights import MANIFEST, WEIGHTS, write_manifest

TOLERANCE = 2e-3  # of the largest logit: float16 weights are rounded anew


def fold_temperature(folder: Path, temperature: float) -> None:
    """Divide the last layer of a checkpoint folder by the temperature; what else divides logits in its config becomes
    smaller by as much, and `folded_temperature` says how to undo it.

    Raises:
        CheckpointError: the folder cannot be loaded, or its last linear layer is not what makes the logits. Nothing has
            changed then.
    """
    network, _ = load_network(folder)
    classes = network.config.num_labels
    linear = {name: m for name, m in network.named_modules() if isinstance(m, nn.Linear) and m.out_features == classes}
    if not linear:
        raise CheckpointError(f"{folder} ends in no linear layer of {classes} outputs; its temperature stays beside it")
    name, last = list(linear.items())[-1]
    weights = load_file(folder / WEIGHTS)
    for key in (f"{name}.weight", f"{name}.bias"):
        weights[key] = (weights[key].float() / temperature).to(weights[key].dtype)

    side = network.config.image_size
    pictures = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(pictures).logits / temperature
        last.weight.copy_(weights[f"{name}.weight"])
        last.bias.copy_(weights[f"{name}.bias"])
        difference = float((network(pictures).logits - expected).abs().max() / expected.abs().max())
    if not difference <= TOLERANCE:
        raise CheckpointError(f"{name} of {folder} is not all that makes the logits; its temperature stays beside it")

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["folded_temperature"] = config.get("folded_temperature", 1.0) * temperature
    for key in ("softmax_temperature", "balanced_temperature"):
        config[key] = config.get(key, 1.0) / temperature
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as unfinished:
        save_file(weights, Path(unfinished) / WEIGHTS, metadata={"format": "pt"})
        write_manifest(Path(unfinished))
        write_text(Path(unfinished) / "config.json", json.dumps(config, indent=2, sort_keys=True) + "\n")
        for file in (WEIGHTS, MANIFEST, "config.json"):
            (Path(unfinished) / file).replace(folder / file)


__all__ = ["fold_temperature"]
