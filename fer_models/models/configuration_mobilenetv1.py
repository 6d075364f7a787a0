"""Configuration of a plain MobileNetV1 (Howard et al. 2017, arXiv 1704.04861)."""

from .configuration_fer import FERConfig


class PlainMobileNetV1Config(FERConfig):
    r"""
    Everything about a checkpoint of the plain network that is data. The defaults build MobileNetV1 1.0 as Keras has it:
    3,214,151 parameters for 7 classes. Any `image_size` of 32 or more works.

    Args:
        dropout: probability with which a pooled feature is left out before the last layer, in training only.
        pad_type, batch_norm_eps: of the network; the values of Keras' weights by default.
    """

    model_type = "mobilenetv1"

    dropout: float = 0.0
    pad_type: str = "same"
    batch_norm_eps: float = 1e-3
    cam_layer: str = "backbone.blocks.4"

    def __post_init__(self, **kwargs):
        super().__post_init__(**kwargs)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), not {self.dropout}")
        if self.pad_type not in ("", "same"):
            raise ValueError(f"pad_type must be '' or 'same', not {self.pad_type!r}")


__all__ = ["PlainMobileNetV1Config"]
