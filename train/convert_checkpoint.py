"""An authors' DDAMFN or DDAMFN++ file -> a checkpoint folder; their face-recognition backbone -> one to start from.

    python train/convert_checkpoint.py ddamfn_rafdb.pth --out checkpoints/ddamfn-rafdb-authors
    python train/convert_checkpoint.py mfn_state_dict.pth --out mfn.safetensors

The folder answers as the authors' network does, to rounding. The backbone goes to `train/train_hub.py --backbone`.
Parameters that the authors' forward pass never reads are dropped. The authors' weights have terms of their own.
"""

import argparse
import pickle
import re
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from fer_models import DDAMFNConfig, DDAMFNForImageClassification, FERImageProcessor
from fer_models.expressions import LABEL_ORDERS, label_maps, label_order
from fer_models.files import write_faults_told
from train.hub.assemble import add_code
from train.hub.folder import write_network

Weights = dict[str, torch.Tensor]

# The children of the authors' backbone, in order: two of the stem, one per row of the bottleneck table, the last
# convolution. In their classifier they are called features.0 to features.8.
STAGES = ("conv1", "conv2_dw", "conv_23", "conv_3", "conv_34", "conv_4", "conv_45", "conv_5", "conv_6_sep")


class ConversionError(ValueError):
    """A file cannot be converted; the message says what is wrong with it and what to do."""


def read_weights(file: Path) -> Weights:
    """The state_dict that a file holds, itself or under `model_state_dict`, without the prefix `module.`. No code of
    the file runs.

    Raises:
        ConversionError: no such file, not a PyTorch file, or one that holds something else than a state_dict.
    """
    if not file.is_file():
        raise ConversionError(f"no file at {file}")
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if not zipfile.is_zipfile(file) and file.read_bytes()[:1] != b"\x80":
            raise ConversionError(f"{file} is not a file that torch.save wrote; fetch it again") from error
        raise ConversionError(
            f"{file} holds Python objects, such as a whole module, whose reading could run any code; where the "
            "network's own code is, export its state_dict: torch.save(torch.load(FILE, weights_only=False)"
            ".state_dict(), 'state_dict.pth'), and convert that"
        ) from error
    except (RuntimeError, EOFError, OSError) as error:
        raise ConversionError(f"{file} is damaged or not a file that torch.save wrote; fetch it again") from error
    if isinstance(content, dict):
        content = content.get("model_state_dict", content)
    if (
        not isinstance(content, dict)
        or not content
        or not all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in content.items())
    ):
        raise ConversionError(f"{file} holds no state_dict, neither itself nor under 'model_state_dict'")
    return {key.removeprefix("module."): value for key, value in content.items()}


def _backbone_modules(stages: Iterable[str], config: DDAMFNConfig) -> tuple[dict[str, str], set[str]]:
    """Our name -> the authors' name of every module of the backbone that has weights, and the authors' modules that
    hold weights which their forward pass never reads."""
    first, second, *rows, last = stages
    names = _conv_norm("stem.0", first) | _conv_norm("stem.1", second) | _conv_norm("last", last)
    unused = set()
    block = 0
    for stage, row in zip(rows, config.bottlenecks or (), strict=True):
        for repeat in range(row["repeats"]):
            ours, theirs = f"blocks.{block}", stage if row["repeats"] == 1 else f"{stage}.model.{repeat}"
            names |= _conv_norm(f"{ours}.expand", f"{theirs}.conv") | _conv_norm(f"{ours}.project", f"{theirs}.project")
            names |= _gates(f"{ours}.gates", f"{theirs}.CA")
            for kernel in range(len(row["kernels"])):
                names[f"{ours}.depthwise.convs.{kernel}"] = f"{theirs}.conv_dw.mixed_depthwise_conv.{kernel}"
            unused |= {f"{theirs}.conv_dw.bn", f"{theirs}.conv_dw.prelu"}
            block += 1
    return names, unused


def _conv_norm(ours: str, theirs: str) -> dict[str, str]:
    return {f"{ours}.0": f"{theirs}.conv", f"{ours}.1": f"{theirs}.bn", f"{ours}.2": f"{theirs}.prelu"}


def _gates(ours: str, theirs: str) -> dict[str, str]:
    parts = {"squeeze": "conv1", "norm": "bn1", "rows": "conv2", "columns": "conv3"}
    return {f"{ours}.{our}": f"{theirs}.{their}" for our, their in parts.items()}


def _classifier_modules(config: DDAMFNConfig) -> tuple[dict[str, str], set[str]]:
    """As `_backbone_modules`, of the whole network."""
    backbone, unused = _backbone_modules([f"features.{index}" for index in range(len(STAGES))], config)
    names = {f"backbone.{ours}": theirs for ours, theirs in backbone.items()}
    names |= _conv_norm("pool", "Linear") | {"classifier": "fc"}
    unused.add("bn")
    for head in range(config.num_heads):
        ours, theirs = f"heads.{head}", f"cat_head{head}.CoordAtt"
        names |= _conv_norm(f"{ours}.rows", f"{theirs}.Linear_h") | _conv_norm(f"{ours}.columns", f"{theirs}.Linear_w")
        names |= _gates(f"{ours}.gates", theirs)
        unused |= {f"{theirs}.Linear.conv", f"{theirs}.Linear.bn"}
    return names, unused


def _take(network: nn.Module, weights: Weights, names: dict[str, str], unused: set[str]) -> int:
    """Fill our network. Returns how many parameters of the authors' were dropped.

    Raises:
        ConversionError: a key is missing, has another shape, or is not known.
    """
    own, taken = network.state_dict(), {}
    theirs = {}
    for key in own:
        module, _, kind = key.rpartition(".")
        theirs[f"{names[module]}.{kind}"] = key
    for key, our_key in theirs.items():
        expected = own[our_key].shape
        if len(expected) == 3:  # a 1x1 convolution on profiles, there on maps one place wide
            expected = (*expected, 1)
        if key not in weights:
            if key.endswith("num_batches_tracked"):  # old versions of torch did not count
                continue
            raise ConversionError(f"the key {key} is missing")
        if weights[key].shape != expected:
            raise ConversionError(
                f"{key} has the shape {tuple(weights[key].shape)}, expected {tuple(expected)}; only networks of the "
                "published size can be converted"
            )
        taken[our_key] = weights[key].reshape(own[our_key].shape).to(own[our_key].dtype)
    left = [key for key in weights if key not in theirs]
    unknown = [key for key in left if key.rpartition(".")[0] not in unused]
    if unknown:
        raise ConversionError(f"the key {unknown[0]} belongs to no part of DDAMFN")
    network.load_state_dict(own | taken)
    return sum(weights[key].numel() for key in left if key.endswith((".weight", ".bias")))


def convert_classifier(weights: Weights, labels: list[str] | None = None) -> tuple[DDAMFNForImageClassification, int]:
    """The authors' classifier as ours, in evaluation mode, and the number of unused parameters that were dropped.

    Args:
        weights: their state_dict.
        labels: the expressions in the order of the outputs; by default the authors' order for 7 or 8 classes.

    Raises:
        ConversionError: a key is missing, has another shape, or is not known; or the labels don't fit.
    """
    if "fc.weight" not in weights:
        raise ConversionError("the key fc.weight is missing")
    classes = len(weights["fc.weight"])
    try:
        names = label_order(labels or LABEL_ORDERS["ddamfn"][:classes])
    except ValueError as error:
        raise ConversionError(f"--labels: {error}") from error
    if len(names) != classes or (not labels and classes < 7):
        raise ConversionError(
            f"the network tells {classes} classes apart; name them by --labels in the order of its outputs"
        )
    heads = {match[1] for key in weights if (match := re.match(r"cat_head(\d+)\.", key))}
    id2label, label2id = label_maps(names)
    config = DDAMFNConfig(num_heads=max(len(heads), 1), id2label=id2label, label2id=label2id)
    model = DDAMFNForImageClassification(config)
    dropped = _take(model, weights, *_classifier_modules(config))
    return model.eval(), dropped


def convert_backbone(weights: Weights) -> tuple[Weights, int]:
    """The authors' bare backbone under our names, and the number of parameters that were dropped: the unused ones and
    the face-recognition head.

    Raises:
        ConversionError: a key is missing, has another shape, or is not known.
    """
    backbone = DDAMFNForImageClassification(DDAMFNConfig()).backbone
    names, unused = _backbone_modules(STAGES, DDAMFNConfig())
    dropped = _take(backbone, weights, names, unused | {"conv_6_dw.conv", "conv_6_dw.bn", "linear", "bn"})
    return backbone.state_dict(), dropped


def convert(file: Path, out: Path, labels: list[str] | None = None) -> str:
    """Convert one file, whichever of the two it is, and say what was written.

    Args:
        out: a folder for a classifier, a `.safetensors` file for a backbone.

    Raises:
        ConversionError: the file cannot be converted, or `out` is of the other kind.
    """
    weights = read_weights(file)
    try:
        if any(key.startswith(("features.", "fc.")) for key in weights):
            if out.suffix == ".safetensors":
                raise ConversionError("a whole classifier becomes a folder; name one as --out")
            model, dropped = convert_classifier(weights, labels)
            side = {"height": model.config.image_size, "width": model.config.image_size}
            processor = FERImageProcessor(size=side, image_mean=IMAGENET_DEFAULT_MEAN, image_std=IMAGENET_DEFAULT_STD)
            write_network(out, model, processor)
            add_code(out)
            words = f"{model.config.num_heads} heads; {', '.join(model.config.id2label.values())}"
        else:
            if out.suffix != ".safetensors":
                raise ConversionError("a backbone without classifier becomes a file; name a .safetensors as --out")
            backbone, dropped = convert_backbone(weights)
            out.parent.mkdir(parents=True, exist_ok=True)
            save_file(backbone, out, {"format": "pt"})
            words = "a backbone for train/train_hub.py --backbone"
    except ConversionError as error:
        raise ConversionError(f"{file}: {error}") from error
    return f"{out}: {words}; {dropped:,} parameters dropped"


@write_faults_told()
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="what torch.save wrote: a state_dict, or a dict with one in it")
    parser.add_argument("--out", type=Path, required=True, help="folder, or .safetensors for a bare backbone")
    parser.add_argument("--labels", nargs="+", help="the expressions, in the order of the outputs")
    options = parser.parse_args(arguments)
    try:
        print(convert(options.file, options.out, options.labels))
    except ConversionError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
