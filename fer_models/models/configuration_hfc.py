"""Configuration of the spatial attention network with high frequency component (Kim and Jo 2024)."""

from transformers import PreTrainedConfig

# The module whose output is the last feature map, for Grad-CAM.
LAST_FEATURES = {"resnet18": "backbone.layer4", "mobilenetv2_100": "backbone.bn2"}
ATTENTIONS = ("hfc", "lfc", "hfc+lfc", "hfc+lfc+cross", "bam", None)
FILTERS = ("ideal", "gaussian", "butterworth")
PADDINGS = {"resnet18": ("",), "mobilenetv2_100": ("", "same")}  # of timm's networks


class HFCConfig(PreTrainedConfig):
    r"""
    Everything about an HFC checkpoint that is data. The defaults build ResNet18 with the published attention.

    Args:
        image_size: side of the square RGB input in pixels; any size works, the paper's is 224.
        backbone: `"resnet18"` or `"mobilenetv2_100"`, as timm builds them.
        attention: what the singular values of the feature map are paired with: those of its high-frequency part
            (`"hfc"`, the published module), of its low-frequency part (`"lfc"`), both (`"hfc+lfc"`), or also high with
            low (`"hfc+lfc+cross"`); `"bam"` is the bottleneck attention module that the paper compares with; `None` is
            the plain backbone.
        filter_shape: of the high-pass filter: `"ideal"` (cuts sharply), `"gaussian"` or `"butterworth"` (order 2).
        filter_cutoff: where it cuts, as a fraction of the Nyquist frequency, in (0, 1]. The paper leaves both open.
        normalize_scores: whether the products of singular values (equation 8) are divided by the number of places of
            the map; `False` is the published equation.
        pad_type, batch_norm_eps: of the backbone; the Keras weights of MobileNet need `"same"` and 1e-3.
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

    model_type = "hfc"

    def __init__(
        self,
        image_size: int = 224,
        backbone: str = "resnet18",
        attention: str | None = "hfc",
        filter_shape: str = "ideal",
        filter_cutoff: float = 0.25,
        normalize_scores: bool = True,
        pad_type: str = "",
        batch_norm_eps: float = 1e-5,
        face_margin: float = 0.0,
        softmax_temperature: float = 1.0,
        reject_threshold: float | None = None,
        class_priors: list[float] | None = None,
        balanced_temperature: float = 1.0,
        balanced_threshold: float | None = None,
        cam_layer: str | None = None,
        **kwargs,
    ):
        if backbone not in LAST_FEATURES:
            raise ValueError(f"backbone must be one of {', '.join(LAST_FEATURES)}, not {backbone!r}")
        if attention not in ATTENTIONS:
            raise ValueError(f"attention must be one of {', '.join(map(str, ATTENTIONS))}, not {attention!r}")
        if filter_shape not in FILTERS:
            raise ValueError(f"filter_shape must be one of {', '.join(FILTERS)}, not {filter_shape!r}")
        if not 0 < filter_cutoff <= 1:
            raise ValueError(f"filter_cutoff must be in (0, 1], not {filter_cutoff}")
        if pad_type not in PADDINGS[backbone]:
            known = " or ".join(repr(padding) for padding in PADDINGS[backbone])
            raise ValueError(f"pad_type of {backbone} must be {known}, not {pad_type!r}")
        self.image_size = image_size
        self.backbone = backbone
        self.attention = attention
        self.filter_shape = filter_shape
        self.filter_cutoff = filter_cutoff
        self.normalize_scores = normalize_scores
        self.pad_type = pad_type
        self.batch_norm_eps = batch_norm_eps
        self.face_margin = face_margin
        self.softmax_temperature = softmax_temperature
        self.reject_threshold = reject_threshold
        self.class_priors = class_priors
        self.balanced_temperature = balanced_temperature
        self.balanced_threshold = balanced_threshold
        self.cam_layer = cam_layer or LAST_FEATURES[backbone]
        super().__init__(**kwargs)


__all__ = ["HFCConfig"]
