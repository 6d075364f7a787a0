"""Configuration of a plain MobileNetV1 (Howard et al. 2017, arXiv 1704.04861)."""

from transformers import PreTrainedConfig


class PlainMobileNetV1Config(PreTrainedConfig):
    r"""
    Everything about a checkpoint of the plain network that is data. The defaults build MobileNetV1 1.0 as Keras has it:
    3,214,151 parameters for 7 classes.

    Args:
        image_size: side of the square RGB input in pixels; any size of 32 or more works.
        dropout: probability with which a pooled feature is left out before the last layer, in training only.
        pad_type, batch_norm_eps: of the network; the values of Keras' weights by default.
        face_margin: how much wider than FER2013's framing the training pictures are; 0 is the same, 0.1 is 10 % wider
            (see `crop_square` in the library's faces.py).
        softmax_temperature: the logits are divided by this before the softmax that people see; 1.0 is uncalibrated.
        reject_threshold: a highest probability below this is answered "not sure"; `None` always answers.
        class_priors: how common each expression is in the training votes, in the order of the labels: shares that sum
            to 1, which are divided out where all expressions are to count as equally likely; `None` where that is not
            offered.
        balanced_temperature, balanced_threshold: of the softmax and of "not sure" in that setting.
        cam_layer: dotted name of the module whose output Grad-CAM looks at; the last feature map by default.
    """

    model_type = "mobilenetv1"

    def __init__(
        self,
        image_size: int = 224,
        dropout: float = 0.0,
        pad_type: str = "same",
        batch_norm_eps: float = 1e-3,
        face_margin: float = 0.0,
        softmax_temperature: float = 1.0,
        reject_threshold: float | None = None,
        class_priors: list[float] | None = None,
        balanced_temperature: float = 1.0,
        balanced_threshold: float | None = None,
        cam_layer: str = "backbone.blocks.4",
        **kwargs,
    ):
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), not {dropout}")
        if pad_type not in ("", "same"):
            raise ValueError(f"pad_type must be '' or 'same', not {pad_type!r}")
        self.image_size = image_size
        self.dropout = dropout
        self.pad_type = pad_type
        self.batch_norm_eps = batch_norm_eps
        self.face_margin = face_margin
        self.softmax_temperature = softmax_temperature
        self.reject_threshold = reject_threshold
        self.class_priors = class_priors
        self.balanced_temperature = balanced_temperature
        self.balanced_threshold = balanced_threshold
        self.cam_layer = cam_layer
        super().__init__(**kwargs)


__all__ = ["PlainMobileNetV1Config"]
