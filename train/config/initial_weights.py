"""A hub config -> its model with the weights that training starts from."""

from collections.abc import Sequence
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForImageClassification

from fer_models.expressions import label_maps
from fer_models.paths import CHECKPOINTS
from train.config.recipe import HubConfig
from train.config.trained import trained_folder
from train.data.face_dataset import DataError


def pretrained_backbone(name: str, file: Path | None) -> tuple[dict[str, torch.Tensor], dict]:
    """ImageNet weights under timm's names, and the config values they need (`pad_type`, `batch_norm_eps`).

    Args:
        name: timm's name of the weights, downloaded from the Hub when no `file` is given.
        file: safetensors with the names of the model's backbone; its metadata may hold `pad_type` and `bn_eps`.

    Raises:
        DataError: no such file, it is not safetensors, or it cannot be downloaded.
    """
    if file is None:
        try:
            network = timm.create_model(name, pretrained=True)
        except (OSError, RuntimeError) as error:  # no network, or timm does not know the name
            raise DataError(f"{name} could not be downloaded ({error}); pass a local file as --backbone") from error
        return network.state_dict(), {"pad_type": "", "batch_norm_eps": network.bn1.eps}
    if not file.is_file():
        raise DataError(f"no backbone weights at {file}; leave --backbone out to download {name}")
    try:
        with safe_open(file, "pt") as weights:
            metadata = weights.metadata() or {}
    except SafetensorError as error:
        raise DataError(f"{file} is not a whole safetensors file ({error}); fetch it again") from error
    overrides = {"pad_type": metadata.get("pad_type", ""), "batch_norm_eps": float(metadata.get("bn_eps", 1e-5))}
    return load_file(file), overrides


def _take_over(module: torch.nn.Module, weights: dict[str, torch.Tensor], where: str) -> None:
    own = module.state_dict()
    missing = [key for key in own if key not in weights and not key.endswith("num_batches_tracked")]
    if not any(key in weights for key in own):
        raise DataError(
            f"{where} has no weight that the model can use; the first it has is {next(iter(weights), 'none')}"
        )
    for key, value in own.items():
        if key in weights and weights[key].shape != value.shape:
            raise DataError(
                f"{where} has {key} as {' x '.join(map(str, weights[key].shape))}, the model's is "
                f"{' x '.join(map(str, value.shape))}: these are weights of another network"
            )
    if missing:
        print(f"{where} lacks {', '.join(missing)}: newly initialised")
    module.load_state_dict({key: value for key, value in weights.items() if key in own}, strict=False)


def build_model(
    config: HubConfig, backbone_file: Path | None, trained: Sequence[Path] = (CHECKPOINTS,)
) -> torch.nn.Module:
    """The config's model: its backbone pre-trained where the config says so, or parts of one of our checkpoints.

    Args:
        trained: the folders where the checkpoint that it starts from is looked for.

    Raises:
        DataError: the weights to start from are not there.
    """
    weights, overrides = {}, {}
    if config.start:
        folder = trained_folder(config.start.checkpoint, trained)
        weights = load_file(folder / "model.safetensors")
        source = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        overrides = {key: getattr(source, key) for key in ("pad_type", "batch_norm_eps") if hasattr(source, key)}
    elif config.backbone:
        weights, overrides = pretrained_backbone(config.backbone, backbone_file)
        defaults = AutoConfig.for_model(config.architecture)  # an architecture need not leave such values open
        overrides = {key: value for key, value in overrides.items() if hasattr(defaults, key)}
    id2label, label2id = label_maps(config.data.names)
    model_config = AutoConfig.for_model(
        config.architecture, id2label=id2label, label2id=label2id, **(config.model | overrides)
    )
    if config.backbone:  # for the card
        model_config.backbone_weights = backbone_file.name if backbone_file else config.backbone
    model = AutoModelForImageClassification.from_config(model_config)
    if config.start:
        known = [name for name, _ in model.named_children()]
        for name in config.start.modules:
            if name not in dict(model.named_modules()):
                raise DataError(f"start: the model has no module {name}; it has {', '.join(known)}")
            prefix = f"{name}."
            part = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
            _take_over(model.get_submodule(name), part, config.start.checkpoint)
    elif config.backbone:
        _take_over(model.backbone, weights, config.backbone)
    return model
