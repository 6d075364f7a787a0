"""Which engine a checkpoint answers with: torch, or onnxruntime where an export of these very weights is there."""

import importlib.util
import os
from functools import cached_property
from pathlib import Path

import torch
from transformers import PreTrainedModel

from fer_models.checkpoint import Checkpoint, load_network, pick_device
from fer_models.engine_onnx import DATA, ExportedCheckpoint
from fer_models.errors import CheckpointError
from fer_models.extras import needed_for
from fer_models.hub import checkpoint_folder, checkpoint_name
from fer_models.whole_weights import weights_sha256

ENGINES = ("auto", "torch", "onnx")


def export_folder(sha256: str) -> Path:
    """Where the export of these weights is kept: in the user's cache, or below FER_MODELS_CACHE."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("FER_MODELS_CACHE") or Path(cache) / "fer-models") / "exports" / sha256


class FastCheckpoint(Checkpoint):
    """A checkpoint whose answers, Grad-CAM and own attention come from its export; the network itself is loaded when
    something else is asked of it."""

    def __init__(self, source: str | Path, exported: ExportedCheckpoint):
        self.folder = checkpoint_folder(source)
        self.name = exported.name = checkpoint_name(source)
        self.exported = exported
        self.expressions = exported.expressions

    @cached_property
    def _network(self) -> tuple:
        model, processor = load_network(self.folder)
        return model.requires_grad_(False), processor

    @property
    def model(self) -> PreTrainedModel:
        """The network, loaded on first use."""
        return self._network[0]

    @property
    def processor(self):
        """Its image processor, likewise."""
        return self._network[1]

    @property
    def face_margin(self) -> float:
        """How loosely it wants a face to be framed."""
        return self.exported.face_margin

    @property
    def can_balance(self) -> bool:
        """Whether it can answer as if all expressions were equally likely."""
        return self.exported.can_balance

    def is_sure(self, probability: float, balanced: bool = False) -> bool:
        """As `Checkpoint.is_sure`."""
        return self.exported.is_sure(probability, balanced)

    def predict(self, crops, method="gradcam", expression=None, balanced=False):
        """As `Checkpoint.predict`; a method that is not in the graph is the network's."""
        if method in (None, self.exported.cam["method"]):
            return self.exported.predict(crops, method, expression, balanced)
        return super().predict(crops, method, expression, balanced)


def open_checkpoint(source: str | Path, engine: str = "auto", device: str | torch.device = "auto") -> Checkpoint:
    """A checkpoint with the engine that is asked for.

    Args:
        source, device: as for `Checkpoint`.
        engine: "torch"; "onnx", which makes the export of these weights when there is none, and keeps it; "auto" takes
            the export where there is one and the CPU is to be used.

    Raises:
        CheckpointError: as `Checkpoint`, or of an engine that is not known, or "onnx" on another device.
        ExportError: the export does not say what the checkpoint says.
        MissingExtraError: onnxruntime, or what an export needs, is not installed.
    """
    if engine not in ENGINES:
        raise CheckpointError(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}")
    folder = checkpoint_folder(source)
    on_cpu = pick_device(device).type == "cpu"
    if engine == "onnx" and device != "auto" and not on_cpu:
        raise CheckpointError(f"the onnx engine computes on the CPU, not on {device}; take the torch engine")
    usable = engine == "onnx" or (engine == "auto" and on_cpu and importlib.util.find_spec("onnxruntime") is not None)
    if not usable or not (folder / "model.safetensors").is_file():
        return Checkpoint(source, device)  # which says what is missing
    sha256 = weights_sha256(folder)
    kept = export_folder(sha256)
    if not (kept / DATA).is_file():
        if engine == "auto":
            return Checkpoint(source, device)
        with needed_for("exporting a checkpoint"):
            from fer_models.export.folder import export_checkpoint
        export_checkpoint(Checkpoint(source, device="cpu"), kept)
    try:
        return FastCheckpoint(source, ExportedCheckpoint(kept, sha256))
    except CheckpointError:
        if engine == "onnx":
            raise
        return Checkpoint(source, device)


__all__ = ["ENGINES", "FastCheckpoint", "export_folder", "open_checkpoint"]
