"""What the configuration of every architecture here has: how its answers are to be read and its pictures framed."""

from transformers import PreTrainedConfig


class FERConfig(PreTrainedConfig):
    r"""
    Everything about a checkpoint that is data and that no architecture has for itself.

    Where the labels change (another `num_labels` or `id2label` on loading), what was measured with the old ones is
    forgotten: temperature, threshold, priors and the note about them. Calibrate anew after training.

    Args:
        image_size: side of the square RGB input in pixels.
        face_margin: how much wider than FER2013's framing the training pictures are; 0 is the same, 0.1 is 10 % wider
            (see `crop_square` in the library's faces.py).
        softmax_temperature: the logits are divided by this before the softmax that people see; 1.0 is uncalibrated,
            or calibrated by `folded_temperature`.
        folded_temperature: the weights of the last layer have been divided by this, so that the logits are calibrated;
            multiply the logits by it to undo that.
        reject_threshold: a highest probability below this is answered "not sure"; `None` always answers.
        class_priors: how common each expression is in the training votes, in the order of the labels: shares that sum
            to 1, which are divided out where all expressions are to count as equally likely; `None` where that is not
            offered.
        balanced_temperature, balanced_threshold: of the softmax and of "not sure" in that setting.
        calibration: what temperature and threshold were fitted on.
        cam_layer: dotted name of the module whose output, a `(B, K, h, w)` feature map, Grad-CAM looks at.
    """

    image_size: int = 224
    face_margin: float = 0.0
    softmax_temperature: float = 1.0
    folded_temperature: float = 1.0
    reject_threshold: float | None = None
    class_priors: list[float] | None = None
    balanced_temperature: float = 1.0
    balanced_threshold: float | None = None
    calibration: dict | None = None
    cam_layer: str = "backbone"

    def __post_init__(self, **kwargs):
        super().__post_init__(**kwargs)
        for name in ("softmax_temperature", "folded_temperature", "balanced_temperature"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("reject_threshold", "balanced_threshold"):
            threshold = getattr(self, name)
            if threshold is not None and not threshold >= 0:
                raise ValueError(f"{name} must be None or 0 or more, not {threshold}")
        if self.class_priors is not None:
            priors = list(self.class_priors)
            if len(priors) != self.num_labels or min(priors) < 0 or abs(sum(priors) - 1) > 1e-3:
                raise ValueError(f"class_priors must be {self.num_labels} shares that sum to 1, not {priors}")

    def __setattr__(self, name: str, value) -> None:
        labels = getattr(self, "id2label", None)
        super().__setattr__(name, value)
        # `num_labels` is set through `id2label`; from a file its keys come as strings and are set again as numbers
        if name == "id2label" and labels is not None and list(labels.values()) != list(value.values()):
            self.softmax_temperature = self.folded_temperature = self.balanced_temperature = 1.0
            self.reject_threshold = self.balanced_threshold = self.class_priors = self.calibration = None


__all__ = ["FERConfig"]
