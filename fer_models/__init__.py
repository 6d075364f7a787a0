"""Facial expression recognition that can be checked: models, faces, explanations.

Importing this package registers the architectures with transformers' Auto classes.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForImageClassification

from fer_models.expressions import EXPRESSIONS
from fer_models.models.configuration_ddamfn import DDAMFNConfig
from fer_models.models.configuration_hfc import HFCConfig
from fer_models.models.configuration_pattlite import PAttLiteConfig
from fer_models.models.image_processing_fer import FERImageProcessor
from fer_models.models.modeling_ddamfn import DDAMFNForImageClassification
from fer_models.models.modeling_hfc import HFCForImageClassification
from fer_models.models.modeling_pattlite import PAttLiteForImageClassification

if TYPE_CHECKING:
    from fer_models.checkpoint import Checkpoint

ARCHITECTURES = (
    (PAttLiteConfig, PAttLiteForImageClassification),
    (DDAMFNConfig, DDAMFNForImageClassification),
    (HFCConfig, HFCForImageClassification),
)

for _config, _model in ARCHITECTURES:
    AutoConfig.register(_config.model_type, _config, exist_ok=True)
    AutoModel.register(_config, _model, exist_ok=True)
    AutoModelForImageClassification.register(_config, _model, exist_ok=True)
    AutoImageProcessor.register(_config, FERImageProcessor, exist_ok=True)
    # `save_pretrained` then writes the code beside the weights, so that the folder loads without this package
    _config.register_for_auto_class()
    _model.register_for_auto_class("AutoModelForImageClassification")
FERImageProcessor.register_for_auto_class()


def load(source: str | Path) -> "Checkpoint":
    """A checkpoint, ready to answer, by its folder or its name: `load("pattlite-ferplus")`. `hub.checkpoint_folder`
    says where a name is looked for."""
    from fer_models.checkpoint import Checkpoint  # brings the face detector, which few users of the package need

    return Checkpoint(source)


__all__ = [
    "ARCHITECTURES",
    "EXPRESSIONS",
    "DDAMFNConfig",
    "DDAMFNForImageClassification",
    "FERImageProcessor",
    "HFCConfig",
    "HFCForImageClassification",
    "PAttLiteConfig",
    "PAttLiteForImageClassification",
]
