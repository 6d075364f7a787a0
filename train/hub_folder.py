"""A trained network -> the folder of its Hub repo, complete; and the proof that it loads without this repository."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from fer_models.analyzer import CheckpointError, load_network
from train.load_alone import sample_pictures
from train.provenance import ROOT

LOAD_ALONE = ROOT / "train" / "load_alone.py"
LOGIT_TOLERANCE = 1e-4
SECONDS = 300  # far more than a slow machine needs to import torch and load a network


class HubFolderError(RuntimeError):
    """A folder is not fit for the Hub; the message names it and says what is wrong."""


def write_network(folder: Path, model: PreTrainedModel, processor: Callable) -> None:
    """Weights, config, image processor and the code of all three (`fer_models` registers them for that):
    `from_pretrained(folder, trust_remote_code=True)` works wherever torch, timm and transformers are installed."""
    network = type(model)
    model.config.auto_map = {"AutoModel": f"{network.__module__.rpartition('.')[2]}.{network.__name__}"}
    model.save_pretrained(folder)  # adds AutoConfig and AutoModelForImageClassification
    processor.save_pretrained(folder)


def _answers_alone(folder: Path) -> dict[str, np.ndarray]:
    """What `load_alone.py` writes about the folder, in a process that starts in an empty folder, without a network and
    without code that transformers kept from an earlier load."""
    with tempfile.TemporaryDirectory() as empty:
        answers = Path(empty) / "answers.npz"
        run = subprocess.run(
            [sys.executable, "-I", str(LOAD_ALONE), str(folder.resolve()), str(answers)],
            cwd=empty,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(Path(empty) / "modules")},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        if run.returncode:
            reason = (run.stderr.strip() or "no reason given").splitlines()[-1]
            raise HubFolderError(f"{folder} does not load without this repository: {reason}")
        with np.load(answers) as content:
            return dict(content)


def verify_hub_folder(folder: str | Path) -> None:
    """Load the folder in a fresh process that cannot import `fer_models`, and compare its logits on made-up pictures
    with those of the library's own classes.

    Raises:
        HubFolderError: it does not load there, or it answers something else.
    """
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise HubFolderError(f"{folder} is no checkpoint folder: it has no config.json; train it first")
    try:
        model, processor = load_network(folder)
    except CheckpointError as error:
        raise HubFolderError(str(error)) from error
    with torch.inference_mode():
        expected = model(**processor(sample_pictures(), return_tensors="pt")).logits.numpy()
    alone = _answers_alone(folder)
    labels = [model.config.id2label[i] for i in range(model.config.num_labels)]
    if alone["labels"].tolist() != labels:
        raise HubFolderError(f"{folder} has other labels when it is loaded without this repository: {alone['labels']}")
    change = float(np.abs(alone["logits"] - expected).max())
    if not change <= LOGIT_TOLERANCE * max(1.0, float(np.abs(expected).max())):  # NaN is no agreement either
        raise HubFolderError(
            f"{folder} answers differently when it is loaded without this repository: a logit moves by {change:.2g}; "
            "its code or its config is not the one it was trained with, write the folder again"
        )
