"""The architectures; transformers' Auto classes know them once this module is imported."""

from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForImageClassification

from fer_models.models.configuration_ddamfn import DDAMFNConfig
from fer_models.models.configuration_hfc import HFCConfig
from fer_models.models.configuration_mobilenetv1 import PlainMobileNetV1Config
from fer_models.models.configuration_pattlite import PAttLiteConfig
from fer_models.models.image_processing_fer import FERImageProcessor
from fer_models.models.modeling_ddamfn import DDAMFNForImageClassification
from fer_models.models.modeling_hfc import HFCForImageClassification
from fer_models.models.modeling_mobilenetv1 import PlainMobileNetV1ForImageClassification
from fer_models.models.modeling_pattlite import PAttLiteForImageClassification

ARCHITECTURES = (
    (PAttLiteConfig, PAttLiteForImageClassification),
    (DDAMFNConfig, DDAMFNForImageClassification),
    (HFCConfig, HFCForImageClassification),
    (PlainMobileNetV1Config, PlainMobileNetV1ForImageClassification),
)

for _config, _model in ARCHITECTURES:
    AutoConfig.register(_config.model_type, _config, exist_ok=True)
    AutoModel.register(_config, _model, exist_ok=True)
    AutoModelForImageClassification.register(_config, _model, exist_ok=True)
    AutoImageProcessor.register(_config, image_processor_classes={"torchvision": FERImageProcessor}, exist_ok=True)
    # `save_pretrained` then writes the code beside the weights, so that the folder loads without this package
    _config.register_for_auto_class()
    _model.register_for_auto_class("AutoModelForImageClassification")
FERImageProcessor.register_for_auto_class()

__all__ = [
    "ARCHITECTURES",
    "DDAMFNConfig",
    "DDAMFNForImageClassification",
    "FERImageProcessor",
    "HFCConfig",
    "HFCForImageClassification",
    "PAttLiteConfig",
    "PAttLiteForImageClassification",
    "PlainMobileNetV1Config",
    "PlainMobileNetV1ForImageClassification",
]
