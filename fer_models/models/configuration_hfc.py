"""Configuration of the spatial attention network with high frequency component (Kim and Jo 2024)."""

from .configuration_fer import FERConfig

# The module whose output is the last feature map, for Grad-CAM.
LAST_FEATURES = {"resnet18": "backbone.layer4", "mobilenetv2_100": "backbone.bn2"}
ATTENTIONS = ("hfc", "lfc", "hfc+lfc", "hfc+lfc+cross", "bam", None)
FILTERS = ("ideal", "gaussian", "butterworth")
PADDINGS = {"resnet18": ("",), "mobilenetv2_100": ("", "same")}  # of timm's networks


class HFCConfig(FERConfig):
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
    """

    model_type = "hfc"

    backbone: str = "resnet18"
    attention: str | None = "hfc"
    filter_shape: str = "ideal"
    filter_cutoff: float = 0.25
    normalize_scores: bool = True
    pad_type: str = ""
    batch_norm_eps: float = 1e-5
    cam_layer: str | None = None  # ty: ignore[incompatible-attribute-override] - set below, for the backbone

    def __post_init__(self, **kwargs):
        super().__post_init__(**kwargs)
        if self.backbone not in LAST_FEATURES:
            raise ValueError(f"backbone must be one of {', '.join(LAST_FEATURES)}, not {self.backbone!r}")
        if self.attention not in ATTENTIONS:
            raise ValueError(f"attention must be one of {', '.join(map(str, ATTENTIONS))}, not {self.attention!r}")
        if self.filter_shape not in FILTERS:
            raise ValueError(f"filter_shape must be one of {', '.join(FILTERS)}, not {self.filter_shape!r}")
        if not 0 < self.filter_cutoff <= 1:
            raise ValueError(f"filter_cutoff must be in (0, 1], not {self.filter_cutoff}")
        if self.pad_type not in PADDINGS[self.backbone]:
            known = " or ".join(repr(padding) for padding in PADDINGS[self.backbone])
            raise ValueError(f"pad_type of {self.backbone} must be {known}, not {self.pad_type!r}")
        self.cam_layer = self.cam_layer or LAST_FEATURES[self.backbone]


__all__ = ["HFCConfig"]
