"""Which engine a checkpoint answers with: torch, or onnxruntime where an export of these very weights is there.

Nothing of torch is imported before it is needed.
"""

import ctypes
import hashlib
import importlib.util
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fer_models.answering import Answering
from fer_models.average_maps import Baselines, known_baselines
from fer_models.engine_onnx import DATA, ExportedCheckpoint
from fer_models.errors import CheckpointError
from fer_models.extras import needed_for
from fer_models.places import FILES, checkpoint_name, local_folder
from fer_models.whole_weights import WEIGHTS, weights_sha256

if TYPE_CHECKING:
    import torch

    from fer_models.checkpoint import Checkpoint

ENGINES = ("auto", "torch", "onnx")
GRAPHS = 5  # raised when other graphs are written than before, so that the older ones of a cache are not found


def export_folder(checkpoint: Path) -> Path:
    """Where the export of the checkpoint in that folder is kept: in the user's cache, or below FER_MODELS_CACHE, by the
    hash of its weights and of what its config and its image processor say, since other labels, another calibration or
    another size are another export, and so is that of an older version."""
    whole = hashlib.sha256(f"{GRAPHS} {weights_sha256(checkpoint)}".encode())
    for name in FILES:
        if name != WEIGHTS and (checkpoint / name).is_file():
            whole.update((checkpoint / name).read_bytes())
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    kept = Path(os.environ.get("FER_MODELS_CACHE") or Path(cache) / "fer-models")
    return kept / "exports" / whole.hexdigest()


class FastCheckpoint:
    """A checkpoint whose answers, maps and their checks come from its export; the network itself, which none of these
    needs, is loaded for who asks for it."""

    networks = ()  # of torch, that it answers with
    has_random_weights = True

    def __init__(self, source: str | Path, folder: Path, exported: ExportedCheckpoint):
        self.folder, self.exported = folder, exported
        self.name = exported.name = checkpoint_name(source)
        self.expressions, self.sha256, self.export = exported.expressions, exported.sha256, exported.folder
        self.facts = exported.facts

    @cached_property
    def network(self) -> "Checkpoint":
        """The checkpoint with its network, loaded on first use."""
        with needed_for("the network of an export"):
            from fer_models.checkpoint import Checkpoint
        return Checkpoint(self.folder, "cpu")

    @property
    def model(self):
        """The network."""
        return self.network.model

    @property
    def quick(self):
        """As `Checkpoint.quick`."""
        return self.network.quick

    @property
    def processor(self):
        """Its image processor."""
        return self.network.processor

    @cached_property
    def baselines(self) -> dict[str, Baselines]:
        """As `Checkpoint.baselines`; those of the checkpoint's folder, which may be newer than the export."""
        return known_baselines(self.folder, self.sha256)

    def faithfulness(self, crop, maps, class_id, steps=16, before_pass=lambda: None):
        """As `Checkpoint.faithfulness`."""
        return self.exported.faithfulness(crop, maps, class_id, steps, before_pass)

    def maps_of_random_weights(self, crop, method, class_id, before_pass=lambda: None):
        """As `Checkpoint.maps_of_random_weights`."""
        return self.exported.maps_of_random_weights(crop, method, class_id, before_pass)

    def pixel_values(self, crops) -> "torch.Tensor":
        """As `Checkpoint.pixel_values`, for the network."""
        return self.network.pixel_values(crops)

    def probabilities(self, logits: "torch.Tensor", balanced: bool = False) -> "torch.Tensor":
        """As `Checkpoint.probabilities`, of the network's logits."""
        return self.network.probabilities(logits, balanced)

    @property
    def methods(self) -> tuple[str, ...]:
        """The keys of `METHODS` that it explains with: all, as its export is never one with 8 bits."""
        return self.exported.methods

    @property
    def face_margin(self) -> float:
        """How loosely it wants a face to be framed."""
        return self.exported.face_margin

    @property
    def class_priors(self):
        """As `Checkpoint.class_priors`."""
        return self.exported.class_priors

    @property
    def can_balance(self) -> bool:
        """Whether it can answer as if all expressions were equally likely."""
        return self.exported.can_balance

    def is_sure(self, probability: float, balanced: bool = False) -> bool:
        """As `Checkpoint.is_sure`."""
        return self.exported.is_sure(probability, balanced)

    def predict(self, crops, method="gradcam", expression=None, balanced=False, mirror=False):
        """As `Checkpoint.predict`."""
        return self.exported.predict(crops, method, expression, balanced, mirror)


def open_checkpoint(source: str | Path, engine: str = "auto", device: "str | torch.device" = "auto") -> Answering:
    """A checkpoint, or an exported one, with the engine that is asked for.

    Args:
        source, device: as for `Checkpoint`; or the folder of an export, which answers without torch.
        engine: "torch"; "onnx", which makes the export of these weights when there is none, and keeps it; "auto" takes
            the export where there is one and the CPU is to be used.

    Raises:
        CheckpointError: as `Checkpoint`, or of an engine that is not known, or "onnx" on another device.
        ExportError: the export does not say what the checkpoint says.
        MissingExtraError: torch, onnxruntime, or what an export needs, is not installed.
    """
    if engine not in ENGINES:
        raise CheckpointError(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}")
    if engine == "onnx" and device != "auto" and not _on_cpu(device):
        raise CheckpointError(f"the onnx engine computes on the CPU, not on {device}; take the torch engine")
    folder = local_folder(source)
    if folder is not None and (folder / DATA).is_file() and not (folder / FILES[0]).is_file():
        if engine == "torch":
            raise CheckpointError(f"{folder} is an exported checkpoint, which the onnx engine answers from")
        if str(device) not in ("auto", "cpu"):
            raise CheckpointError(f"{folder} is an exported checkpoint, which computes on the CPU, not on {device}")
        exported = ExportedCheckpoint(folder)
        exported.name = checkpoint_name(source)
        return exported
    if folder is None:
        with needed_for("fetching a checkpoint from the Hub"):
            from fer_models.hub import checkpoint_folder
        folder = checkpoint_folder(source)
    usable = engine == "onnx" or (engine == "auto" and importlib.util.find_spec("onnxruntime") and _on_cpu(device))
    if usable and (folder / WEIGHTS).is_file():
        exported = _kept(source, folder, make=engine == "onnx")
        if exported is not None:
            return FastCheckpoint(source, folder, exported)
    with needed_for("a checkpoint that is not exported"):
        from fer_models.checkpoint import Checkpoint
    return Checkpoint(source, device)  # which says what is missing


def _kept(source: str | Path, folder: Path, make: bool) -> ExportedCheckpoint | None:
    """The export of the checkpoint's weights in the user's cache; one that is missing or damaged is made, or `None`."""
    sha256 = weights_sha256(folder)
    kept = export_folder(folder)
    try:
        return ExportedCheckpoint(kept, sha256)
    except CheckpointError:
        if not make:
            return None
    with needed_for("exporting a checkpoint"):
        from fer_models.checkpoint import Checkpoint
        from fer_models.export.folder import export_checkpoint
    export_checkpoint(Checkpoint(source, device="cpu"), kept)
    return ExportedCheckpoint(kept, sha256)


def _on_cpu(device: "str | torch.device") -> bool:
    """Whether a checkpoint would compute on the CPU. torch takes a while to import and is asked where it may not."""
    if str(device) == "cpu" or (device == "auto" and not _may_have_gpu()):
        return True
    with needed_for(f"computing on {device}"):
        from fer_models.checkpoint import pick_device
    return pick_device(device).type == "cpu"


def _may_have_gpu() -> bool:
    """Whether torch is installed and a driver of GPUs that it computes on."""
    if importlib.util.find_spec("torch") is None:
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return Path("/dev/kfd").exists()  # of AMD
    return True


__all__ = ["ENGINES", "FastCheckpoint", "export_folder", "open_checkpoint"]
