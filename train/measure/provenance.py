"""Where a result comes from: code, versions, machine, weights and the size of the model."""

import datetime
import platform
import subprocess
from pathlib import Path

import timm
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from fer_models.paths import ROOT
from fer_models.results import Provenance

EXCLUDED = (":(exclude)results", ":(exclude)checkpoints", ":(exclude)README.md", ":(exclude)docs")


def _git(*arguments: str) -> str | None:
    try:
        run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):  # no git, or a copy of the sources without its history
        return None
    return run.stdout.strip()


def provenance() -> Provenance:
    """Commit, date (UTC) and versions.

    `commit` is `None` outside a git checkout. `dirty` says that the code differs from that commit; results,
    checkpoints and pages do not count, because training and measuring write them.
    """
    changes = _git("status", "--porcelain", "--", ".", *EXCLUDED)
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if changes is None else bool(changes),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "timm": timm.__version__,
        },
    }


def hardware(device: torch.device) -> dict[str, str | int]:
    """The processor's name and, for a CPU, the threads torch uses."""
    if device.type == "cuda":
        return {"device": torch.cuda.get_device_name(device)}
    name = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.is_file():
        models = [line for line in cpu_info.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    return {"device": name, "threads": torch.get_num_threads()}


def model_size(model: torch.nn.Module, pixel_values: torch.Tensor) -> dict[str, int]:
    """`parameters`, and `macs` (multiply-accumulates) of one picture `(1, 3, S, S)`.

    MACs are half the FLOPs that torch counts: convolutions and matrix products, nothing element-wise, no FFT, no SVD.
    """
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(pixel_values)
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "macs": counter.get_total_flops() // 2,
    }
