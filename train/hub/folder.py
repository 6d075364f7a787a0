"""A trained network -> its checkpoint folder; and the proof that a Hub repo's folder loads without this repository."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import BaseImageProcessor, PreTrainedModel

from fer_models.checkpoint import CheckpointError, load_network
from fer_models.explain import native_attention
from fer_models.files import write_text
from fer_models.hub import FILES
from fer_models.methods import METHODS
from fer_models.whole_weights import MANIFEST, write_manifest
from train.config.recipe import HubConfig
from train.hub.assemble import HubFolderError, auto_map, quoted_results
from train.hub.load_alone import sample_pictures
from train.hub.model_card import model_card

LOAD_ALONE = Path(__file__).with_name("load_alone.py")
LOGIT_TOLERANCE = 1e-4
AUTO_CLASSES = ("AutoConfig", "AutoModel", "AutoModelForImageClassification")
SECONDS = 300  # far more than a slow machine needs to import torch and load a network


def _halve(file: Path, model: PreTrainedModel) -> None:
    """Store the parameters as float16; batch statistics, whose range is larger, stay as they are. The config goes on
    to say float32, which is what they are loaded as."""
    parameters = dict(model.named_parameters())
    weights = load_file(file)
    halved = {key: value.half() if key in parameters else value for key, value in weights.items()}
    for key, value in halved.items():
        if not value.isfinite().all():
            raise HubFolderError(f"{key} does not fit into half precision; leave `half_precision` out of the config")
    save_file(halved, file, metadata={"format": "pt"})


def write_network(
    folder: Path, model: PreTrainedModel, processor: BaseImageProcessor, half_precision: bool = False
) -> None:
    """A checkpoint folder's data: weights, config and image processor, all three of them or none. The code whose names
    the two config files hold comes from `train.hub.assemble`.

    Args:
        half_precision: store the parameters as float16, in half the bytes.

    Raises:
        HubFolderError: a weight is too large for that.
    """
    network = type(model)
    model.config.auto_map = {"AutoModel": f"{network.__module__.rpartition('.')[2]}.{network.__name__}"}
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as name:
        unfinished = Path(name)
        model.save_pretrained(unfinished)  # adds AutoConfig and AutoModelForImageClassification
        if half_precision:
            _halve(unfinished / "model.safetensors", model)
        processor.save_pretrained(unfinished)
        write_manifest(unfinished)
        for file in (*FILES, MANIFEST):
            (unfinished / file).replace(folder / file)


def _meanings(model: PreTrainedModel, processor: BaseImageProcessor) -> dict[str, str]:
    """Name -> meaning of the maps that this model can show: Grad-CAM and its own attention."""
    pixel_values = processor(sample_pictures()[:1], return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        output = model.eval()(pixel_values.to(model.device), output_attentions=True)
    own = {name: model.attention_meanings[name] for name in native_attention(model, output)}
    return {METHODS["gradcam"].title: METHODS["gradcam"].meaning} | own


def write_card(
    folder: Path, model: PreTrainedModel, processor: BaseImageProcessor, config: HubConfig, results: Path
) -> None:
    """The card of a checkpoint folder.

    Args:
        results: folder of result files; those of `train/evaluate.py`, `train/fixed_maps.py` and `train/explanations.py`
            for these very weights are quoted.

    Raises:
        ConfigError: no result on the whole validation split.
        ResultError: a file in `results` cannot be read.
    """
    quoted = quoted_results(folder, config, results)
    card = model_card(
        config,
        list(quoted.own.values()),
        _meanings(model, processor),
        {file.name: result for file, result in quoted.evidence.items()},
        f"results/{quoted.picture.name}" if quoted.picture else "",
        list(quoted.fixed_maps.values()),
        next(iter(quoted.explanations.values()), None),
    )
    write_text(folder / "README.md", card)


def _answers_alone(folder: Path) -> dict[str, np.ndarray]:
    """What `load_alone.py` writes about the folder, in a process that starts in an empty folder, without a network and
    without code that transformers kept from an earlier load."""
    with tempfile.TemporaryDirectory() as empty:
        answers = Path(empty) / "answers.npz"
        try:
            run = subprocess.run(
                [sys.executable, "-I", str(LOAD_ALONE), str(folder.resolve()), str(answers)],
                cwd=empty,
                env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": str(Path(empty) / "modules")},
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise HubFolderError(f"{folder} did not load without this repository within {SECONDS} seconds") from None
        if run.returncode:
            reason = (run.stderr.strip() or "no reason given").splitlines()[-1]
            raise HubFolderError(f"{folder} does not load without this repository: {reason}")
        with np.load(answers) as content:
            return dict(content)


def _require_code(folder: Path) -> None:
    """A stranger needs the code of config, network and image processor, and their names in the two config files."""
    for name, classes in {"config.json": AUTO_CLASSES, "preprocessor_config.json": ("AutoImageProcessor",)}.items():
        references = auto_map(folder, name)
        for one in classes:
            module = references.get(one, "").partition(".")[0]
            if not module or not (folder / f"{module}.py").is_file():
                raise HubFolderError(
                    f"{folder} lacks the code of {one}; python train/hub_folder.py {folder} --out HUB adds it"
                )


def verify_hub_folder(folder: str | Path) -> None:
    """Load the folder in a fresh process that cannot import `fer_models`, and compare its logits on made-up pictures
    with those of the library's own classes.

    Raises:
        HubFolderError: it does not load there, or it answers something else.
    """
    folder = Path(folder)
    _require_code(folder)
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
